using System.Globalization;

namespace EGoat.Terminal;

/// <summary>What came of a step of input.</summary>
public enum EditorResult
{
    /// <summary>Nothing is different.</summary>
    None,

    /// <summary>The text or the cursor is.</summary>
    Changed,

    /// <summary>The text is wanted: Enter.</summary>
    Submitted,

    /// <summary>A completion is wanted: Tab.</summary>
    CompletionAsked,

    /// <summary>The screen is to be drawn anew.</summary>
    RedrawAsked,

    /// <summary>The input has ended.</summary>
    Ended,
}

/// <summary>
/// A text of one or several lines that is being typed: cursor, keys as in PSReadLine, history. It knows nothing of a screen, and
/// positions are those of grapheme clusters, so that the cursor is never inside of one.
/// </summary>
public sealed class LineEditor
{
    /// <summary>Texts that the history holds; the oldest are forgotten.</summary>
    public const int MaxHistory = 500;

    /// <summary>The longest text, in characters; what exceeds it is not inserted.</summary>
    public const int MaxLength = 1_000_000;

    private readonly List<string> _history = [];
    private string _killed = "";

    /// <summary>What was typed before the history was looked through.</summary>
    private string _draft = "";

    /// <summary>The place in the history; its count means the draft.</summary>
    private int _place;

    /// <summary>The text.</summary>
    public string Text { get; private set; } = "";

    /// <summary>The cursor, as an index into <see cref="Text"/>.</summary>
    public int Cursor { get; private set; }

    /// <summary>Takes one step of input.</summary>
    public EditorResult Apply(TerminalInput input)
    {
        switch (input.Key)
        {
            case EditorKey.Text or EditorKey.Paste:
                return Insert(input.Text);
            case EditorKey.NewLine:
                return Insert("\n");
            case EditorKey.Enter:
                return EditorResult.Submitted;
            case EditorKey.Tab:
                return EditorResult.CompletionAsked;
            case EditorKey.Redraw:
                return EditorResult.RedrawAsked;
            case EditorKey.EndOfInput when Text.Length == 0:
                return EditorResult.Ended;
            case EditorKey.Up or EditorKey.Down:
                return Move(input.Key == EditorKey.Up ? -1 : 1);
            case EditorKey.Escape:
                return Delete(0, Text.Length, isKept: true);
            case EditorKey.Yank:
                return Insert(_killed);
            default:
                return ApplyKey(input.Key);
        }
    }

    /// <summary>Takes the text away, and remembers it for Up.</summary>
    public string Submit()
    {
        string text = Text;
        if (text.Length > 0 && (_history.Count == 0 || _history[^1] != text))
        {
            _history.Add(text);
            if (_history.Count > MaxHistory)
            {
                _history.RemoveAt(0);
            }
        }

        Replace("");
        _place = _history.Count;
        _draft = "";
        return text;
    }

    /// <summary>Puts another text in place, with the cursor at its end.</summary>
    public void Replace(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Text = text;
        Cursor = text.Length;
    }

    /// <summary>Replaces a part of the text, as a completion does; the cursor comes behind it.</summary>
    public void Replace(int start, int length, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Text = string.Concat(Text.AsSpan(0, start), text, Text.AsSpan(start + length));
        Cursor = start + text.Length;
    }

    private EditorResult ApplyKey(EditorKey key) => key switch
    {
        EditorKey.Backspace => Delete(Previous(Cursor), Cursor, isKept: false),
        EditorKey.Delete or EditorKey.EndOfInput => Delete(Cursor, Next(Cursor), isKept: false),
        EditorKey.Left => MoveTo(Previous(Cursor)),
        EditorKey.Right => MoveTo(Next(Cursor)),
        EditorKey.Home => MoveTo(LineStart(Cursor)),
        EditorKey.End => MoveTo(LineEnd(Cursor)),
        EditorKey.WordLeft => MoveTo(WordLeft(Cursor)),
        EditorKey.WordRight => MoveTo(WordRight(Cursor)),
        EditorKey.DeleteWordLeft => Delete(WordLeft(Cursor), Cursor, isKept: true),
        EditorKey.DeleteWordRight => Delete(Cursor, WordRight(Cursor), isKept: true),
        EditorKey.DeleteToStart => Delete(LineStart(Cursor), Cursor, isKept: true),
        EditorKey.DeleteToEnd => Delete(Cursor, LineEnd(Cursor), isKept: true),
        _ => EditorResult.None,
    };

    private EditorResult Insert(string text)
    {
        if (text.Length == 0)
        {
            return EditorResult.None;
        }

        int room = MaxLength - Text.Length;
        Replace(Cursor, 0, text.Length <= room ? text : text[..room]);
        return EditorResult.Changed;
    }

    private EditorResult Delete(int start, int end, bool isKept)
    {
        if (start == end)
        {
            return EditorResult.None;
        }

        if (isKept)
        {
            _killed = Text[start..end];
        }

        Replace(start, end - start, "");
        return EditorResult.Changed;
    }

    private EditorResult MoveTo(int place)
    {
        if (place == Cursor)
        {
            return EditorResult.None;
        }

        Cursor = place;
        return EditorResult.Changed;
    }

    // A line up or down; at the first and last one the history.
    private EditorResult Move(int direction)
    {
        int start = LineStart(Cursor);
        int column = Cursor - start;
        if (direction < 0 && start > 0)
        {
            int above = LineStart(start - 1);
            return MoveTo(Align(Math.Min(above + column, start - 1)));
        }

        int end = LineEnd(Cursor);
        if (direction > 0 && end < Text.Length)
        {
            return MoveTo(Align(Math.Min(end + 1 + column, LineEnd(end + 1))));
        }

        int place = _place + direction;
        if (place < 0 || place > _history.Count)
        {
            return EditorResult.None;
        }

        if (_place == _history.Count)
        {
            _draft = Text;
        }

        _place = place;
        Replace(place == _history.Count ? _draft : _history[place]);
        return EditorResult.Changed;
    }

    private int LineStart(int place) => place == 0 ? 0 : Text.LastIndexOf('\n', place - 1) + 1;

    private int LineEnd(int place) => Text.IndexOf('\n', place) is >= 0 and int end ? end : Text.Length;

    private int Next(int place) => place == Text.Length ? place : place + StringInfo.GetNextTextElementLength(Text.AsSpan(place));

    // Clusters are only found from their beginning: that of the line is one.
    private int Previous(int place)
    {
        if (place == 0)
        {
            return 0;
        }

        int at = Text[place - 1] == '\n' ? place - 1 : LineStart(place);
        while (Next(at) < place)
        {
            at = Next(at);
        }

        return at;
    }

    private int Align(int place) => place == Text.Length || place == LineStart(place) ? place : Next(Previous(place)) == place ? place : Previous(place);

    private int WordLeft(int place)
    {
        while (place > 0 && !IsWord(place - 1))
        {
            place--;
        }

        while (place > 0 && IsWord(place - 1))
        {
            place--;
        }

        return place;
    }

    private int WordRight(int place)
    {
        while (place < Text.Length && IsWord(place))
        {
            place++;
        }

        while (place < Text.Length && !IsWord(place))
        {
            place++;
        }

        return place;
    }

    private bool IsWord(int place) => !char.IsWhiteSpace(Text[place]);
}
