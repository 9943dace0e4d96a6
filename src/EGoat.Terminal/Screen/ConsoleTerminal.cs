namespace EGoat.Terminal;

/// <summary>The console of Windows: keys come from <see cref="Console.ReadKey(bool)"/>, which has no bracketed paste.</summary>
internal sealed class ConsoleTerminal : OutputTerminal
{
    private static readonly TimeSpan WaitTime = TimeSpan.FromMilliseconds(15);

    private (int Width, int Height) _size;

    public ConsoleTerminal()
    {
        Console.OutputEncoding = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        _size = (Width, Height);
    }

    public override IReadOnlyList<TerminalInput>? Read(CancellationToken cancellationToken)
    {
        // Console.ReadKey cannot be cancelled; a key that is there is read at once.
        while (!Console.KeyAvailable)
        {
            if (cancellationToken.WaitHandle.WaitOne(WaitTime))
            {
                throw new OperationCanceledException(cancellationToken);
            }

            if (_size != (Width, Height))
            {
                _size = (Width, Height);
                return [];
            }
        }

        var keys = new List<TerminalInput>();
        var text = new System.Text.StringBuilder();
        while (Console.KeyAvailable)
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            if (FromKey(key) is { } editorKey)
            {
                AddText();
                keys.Add(new TerminalInput(editorKey));
            }
            else if (key.KeyChar >= ' ')
            {
                text.Append(key.KeyChar);
            }
        }

        AddText();
        return keys;

        void AddText()
        {
            if (text.Length > 0)
            {
                keys.Add(new TerminalInput(EditorKey.Text, text.ToString()));
                text.Clear();
            }
        }
    }

    private static EditorKey? FromKey(ConsoleKeyInfo key)
    {
        bool isControl = key.Modifiers.HasFlag(ConsoleModifiers.Control);
        bool isAlt = key.Modifiers.HasFlag(ConsoleModifiers.Alt);
        return key.Key switch
        {
            ConsoleKey.Enter => isAlt || isControl || key.Modifiers.HasFlag(ConsoleModifiers.Shift) ? EditorKey.NewLine : EditorKey.Enter,
            ConsoleKey.Backspace => isAlt || isControl ? EditorKey.DeleteWordLeft : EditorKey.Backspace,
            ConsoleKey.Delete => isControl ? EditorKey.DeleteWordRight : EditorKey.Delete,
            ConsoleKey.LeftArrow => isControl ? EditorKey.WordLeft : EditorKey.Left,
            ConsoleKey.RightArrow => isControl ? EditorKey.WordRight : EditorKey.Right,
            ConsoleKey.UpArrow => EditorKey.Up,
            ConsoleKey.DownArrow => EditorKey.Down,
            ConsoleKey.Home => EditorKey.Home,
            ConsoleKey.End => EditorKey.End,
            ConsoleKey.Tab => EditorKey.Tab,
            ConsoleKey.Escape => EditorKey.Escape,
            ConsoleKey.A when isControl && !isAlt => EditorKey.Home,
            ConsoleKey.E when isControl && !isAlt => EditorKey.End,
            ConsoleKey.W when isControl && !isAlt => EditorKey.DeleteWordLeft,
            ConsoleKey.U when isControl && !isAlt => EditorKey.DeleteToStart,
            ConsoleKey.K when isControl && !isAlt => EditorKey.DeleteToEnd,
            ConsoleKey.Y when isControl && !isAlt => EditorKey.Yank,
            ConsoleKey.L when isControl && !isAlt => EditorKey.Redraw,
            ConsoleKey.D when isControl && !isAlt => EditorKey.EndOfInput,
            ConsoleKey.B when isAlt && !isControl => EditorKey.WordLeft,
            ConsoleKey.F when isAlt && !isControl => EditorKey.WordRight,
            ConsoleKey.D when isAlt && !isControl => EditorKey.DeleteWordRight,
            _ => null,
        };
    }
}
