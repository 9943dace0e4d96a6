using System.Text;

namespace EGoat.Terminal;

/// <summary>
/// Turns the bytes that a terminal sends into keys: UTF-8, control characters, the escape sequences of xterm and its kin,
/// bracketed paste. Sequences may be cut anywhere between two calls; unknown ones are dropped whole.
/// </summary>
public sealed class KeyDecoder
{
    /// <summary>The most that one paste may hold, in bytes; what exceeds it is dropped.</summary>
    public const int MaxPasteBytes = 4 * 1024 * 1024;

    private const byte Escape = 0x1b;

    /// <summary>A sequence longer than this is none.</summary>
    private const int MaxSequence = 32;

    private static ReadOnlySpan<byte> PasteEnd => "\e[201~"u8;

    private readonly List<byte> _pending = [];
    private readonly List<byte> _paste = [];
    private readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();
    private readonly StringBuilder _text = new();
    private bool _isPasting;

    /// <summary>Whether a key has begun and not ended: <see cref="Flush"/> is due when nothing follows.</summary>
    public bool IsInSequence => _pending.Count > 0 && !_isPasting;

    /// <summary>Takes bytes, and adds the keys that are complete.</summary>
    public void Decode(ReadOnlySpan<byte> bytes, ICollection<TerminalInput> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        foreach (byte value in bytes)
        {
            Take(value, keys);
        }

        AddText(keys);
    }

    /// <summary>Nothing follows for now: an escape that stands alone is the key.</summary>
    public void Flush(ICollection<TerminalInput> keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        if (IsInSequence)
        {
            if (_pending.Count == 1)
            {
                keys.Add(new TerminalInput(EditorKey.Escape));
            }

            _pending.Clear();
        }
    }

    private void Take(byte value, ICollection<TerminalInput> keys)
    {
        if (_isPasting)
        {
            TakePasted(value, keys);
        }
        else if (_pending.Count > 0)
        {
            AddText(keys);
            TakeSequence(value, keys);
        }
        else if (value == Escape)
        {
            _pending.Add(value);
        }
        else if (value < ' ' || value == 0x7f)
        {
            AddText(keys);
            if (FromControl(value) is { } key)
            {
                keys.Add(new TerminalInput(key));
            }
        }
        else
        {
            Span<char> chars = stackalloc char[2];
            int count = _utf8.GetChars([value], chars, flush: false);
            _text.Append(chars[..count]);
        }
    }

    private void AddText(ICollection<TerminalInput> keys)
    {
        if (_text.Length > 0)
        {
            keys.Add(new TerminalInput(EditorKey.Text, _text.ToString()));
            _text.Clear();
        }
    }

    private void TakePasted(byte value, ICollection<TerminalInput> keys)
    {
        _pending.Add(value);
        if (PasteEnd[_pending.Count - 1] != value)
        {
            // No end: what looked like one is content, but its last byte may begin another.
            bool isBeginning = value == Escape;
            int count = isBeginning ? _pending.Count - 1 : _pending.Count;
            for (int i = 0; i < count && _paste.Count < MaxPasteBytes; i++)
            {
                _paste.Add(_pending[i]);
            }

            _pending.Clear();
            if (isBeginning)
            {
                _pending.Add(value);
            }
        }
        else if (_pending.Count == PasteEnd.Length)
        {
            string text = Encoding.UTF8.GetString([.. _paste]).ReplaceLineEndings("\n");
            keys.Add(new TerminalInput(EditorKey.Paste, text));
            _pending.Clear();
            _paste.Clear();
            _isPasting = false;
        }
    }

    private void TakeSequence(byte value, ICollection<TerminalInput> keys)
    {
        // Another escape: the first was the key, or the sequence was cut.
        if (value == Escape)
        {
            Flush(keys);
            _pending.Add(value);
            return;
        }

        _pending.Add(value);
        bool isCsi = _pending[1] == '[';
        bool isComplete = _pending.Count switch
        {
            2 => !isCsi && _pending[1] != 'O',
            _ => !isCsi || value is >= 0x40 and <= 0x7e,
        };
        if (isComplete || _pending.Count >= MaxSequence)
        {
            string sequence = Encoding.Latin1.GetString([.. _pending], 1, _pending.Count - 1);
            _pending.Clear();
            if (sequence == "[200~")
            {
                _isPasting = true;
            }
            else if (FromSequence(sequence) is { } key)
            {
                keys.Add(new TerminalInput(key));
            }
        }
    }

    private static EditorKey? FromControl(byte value) => value switch
    {
        0x01 => EditorKey.Home,
        0x02 => EditorKey.Left,
        0x04 => EditorKey.EndOfInput,
        0x05 => EditorKey.End,
        0x06 => EditorKey.Right,
        0x08 or 0x7f => EditorKey.Backspace,
        0x09 => EditorKey.Tab,
        0x0a => EditorKey.NewLine,
        0x0b => EditorKey.DeleteToEnd,
        0x0c => EditorKey.Redraw,
        0x0d => EditorKey.Enter,
        0x0e => EditorKey.Down,
        0x10 => EditorKey.Up,
        0x15 => EditorKey.DeleteToStart,
        0x17 => EditorKey.DeleteWordLeft,
        0x19 => EditorKey.Yank,
        _ => null,
    };

    // What follows the escape.
    private static EditorKey? FromSequence(string sequence) => sequence switch
    {
        "\r" or "\n" or "[13;2u" or "[13;3u" or "[13;5u" or "[27;2;13~" or "[27;3;13~" or "[27;5;13~" => EditorKey.NewLine,
        "\x7f" or "\b" or "[127;5u" => EditorKey.DeleteWordLeft,
        "b" or "[1;5D" or "[1;3D" or "[5D" or "Od" => EditorKey.WordLeft,
        "f" or "[1;5C" or "[1;3C" or "[5C" or "Oc" => EditorKey.WordRight,
        "d" or "[3;5~" or "[3;3~" => EditorKey.DeleteWordRight,
        "[A" or "OA" => EditorKey.Up,
        "[B" or "OB" => EditorKey.Down,
        "[C" or "OC" => EditorKey.Right,
        "[D" or "OD" => EditorKey.Left,
        "[H" or "OH" or "[1~" or "[7~" or "[1;5H" => EditorKey.Home,
        "[F" or "OF" or "[4~" or "[8~" or "[1;5F" => EditorKey.End,
        "[3~" => EditorKey.Delete,
        "OM" => EditorKey.Enter,
        _ => null,
    };
}
