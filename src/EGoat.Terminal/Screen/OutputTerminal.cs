using System.Text;

namespace EGoat.Terminal;

/// <summary>The terminal of this process, on which nothing is read.</summary>
internal class OutputTerminal : ITerminal
{
    private readonly Stream _output = Console.OpenStandardOutput();

    public int Width => SizeOf(() => Console.WindowWidth, 80);

    public int Height => SizeOf(() => Console.WindowHeight, 24);

    public bool HasColor => TerminalModes.HasColor;

    public void Write(string text)
    {
        _output.Write(Encoding.UTF8.GetBytes(text));
        _output.Flush();
    }

    public virtual IReadOnlyList<TerminalInput>? Read(CancellationToken cancellationToken) => null;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _output.Dispose();
        }
    }

    // A terminal may not know its size, and a terminal that has been closed has none.
    private static int SizeOf(Func<int> ask, int otherwise)
    {
        try
        {
            return ask() is > 0 and int size ? size : otherwise;
        }
        catch (IOException)
        {
            return otherwise;
        }
    }
}
