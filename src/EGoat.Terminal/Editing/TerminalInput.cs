namespace EGoat.Terminal;

/// <summary>What a key, or several typed at once, ask of an editor.</summary>
public enum EditorKey
{
    /// <summary>Characters.</summary>
    Text,

    /// <summary>Characters that were pasted.</summary>
    Paste,

    /// <summary>Enter.</summary>
    Enter,

    /// <summary>Alt+Enter, or Ctrl+J: another line of the same text.</summary>
    NewLine,

    /// <summary>Backspace.</summary>
    Backspace,

    /// <summary>Delete.</summary>
    Delete,

    /// <summary>Left.</summary>
    Left,

    /// <summary>Right.</summary>
    Right,

    /// <summary>Up: the line above, or the text before in the history.</summary>
    Up,

    /// <summary>Down: the line below, or the text after in the history.</summary>
    Down,

    /// <summary>Home, Ctrl+A: the beginning of the line.</summary>
    Home,

    /// <summary>End, Ctrl+E: the end of the line.</summary>
    End,

    /// <summary>Ctrl+Left, Alt+B.</summary>
    WordLeft,

    /// <summary>Ctrl+Right, Alt+F.</summary>
    WordRight,

    /// <summary>Ctrl+W, Alt+Backspace.</summary>
    DeleteWordLeft,

    /// <summary>Alt+D, Ctrl+Delete.</summary>
    DeleteWordRight,

    /// <summary>Ctrl+U: everything before the cursor.</summary>
    DeleteToStart,

    /// <summary>Ctrl+K: everything behind the cursor.</summary>
    DeleteToEnd,

    /// <summary>Ctrl+Y: what was deleted last.</summary>
    Yank,

    /// <summary>Tab.</summary>
    Tab,

    /// <summary>Escape.</summary>
    Escape,

    /// <summary>Ctrl+L.</summary>
    Redraw,

    /// <summary>Ctrl+D: the end of the input when nothing is typed, else Delete.</summary>
    EndOfInput,
}

/// <summary>One step of input.</summary>
/// <param name="Key">What is asked.</param>
/// <param name="Text">The characters of <see cref="EditorKey.Text"/> and <see cref="EditorKey.Paste"/>.</param>
public readonly record struct TerminalInput(EditorKey Key, string Text = "");
