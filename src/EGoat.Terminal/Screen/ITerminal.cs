namespace EGoat.Terminal;

/// <summary>A terminal: its size, what is written to it, what is typed.</summary>
public interface ITerminal : IDisposable
{
    /// <summary>Columns.</summary>
    int Width { get; }

    /// <summary>Rows.</summary>
    int Height { get; }

    /// <summary>Whether it shows colours, and its user wants them.</summary>
    bool HasColor { get; }

    /// <summary>Writes text with control sequences, at once.</summary>
    void Write(string text);

    /// <summary>
    /// Waits for input, and takes everything that is there. Empty: the size has changed. Null: the input has ended.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    IReadOnlyList<TerminalInput>? Read(CancellationToken cancellationToken);
}
