using System.Text;
using EGoat.Mesh;

namespace EGoat.Cli.Output;

/// <summary>Reads lines and shows events: on a terminal incoming messages appear above the line that is being typed.</summary>
internal sealed class ChatView(RoomOutput output, bool isTerminal)
{
    private const string Prompt = "> ";
    private const string ClearLine = "\r\u001b[2K";

    private readonly Lock _gate = new();
    private readonly StringBuilder _line = new();
    private readonly StreamReader _lines = StandardInput.OpenLines();

    /// <summary>Shows events until the room is left.</summary>
    /// <param name="events">The room's.</param>
    /// <param name="note">Told of every transfer before it is shown.</param>
    public async Task ShowAsync(RoomSubscription events, Action<EGoatTransfer> note)
    {
        await foreach (RoomEvent e in events.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
        {
            if (e is RoomTransferChanged { Transfer: var transfer })
            {
                note(transfer);
            }

            Above(() => output.Show(e));
        }
    }

    /// <summary>Shows a line, or several.</summary>
    public void WriteLine(string text) => Above(() => Console.Out.WriteLine(text));

    /// <summary>Shows who is there.</summary>
    public void ShowPeers(IReadOnlyList<EGoatPeer> peers) => Above(() => output.ShowPeers(peers));

    public void Warn(string text) => Above(() => Console.Error.WriteLine($"egoat: {text}"));

    /// <summary>The next line; null at the end of the input (Ctrl+D on an empty line).</summary>
    public async ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        if (!isTerminal)
        {
            return await _lines.ReadLineAsync(cancellationToken).ConfigureAwait(false);
        }

        Above(() => { });
        return await Task.Run(() => ReadKeys(cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private string? ReadKeys(CancellationToken cancellationToken)
    {
        while (true)
        {
            // Console.ReadKey cannot be cancelled; a key that is there is read at once.
            while (!Console.KeyAvailable)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Thread.Sleep(15);
            }

            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            lock (_gate)
            {
                switch (key)
                {
                    case { Key: ConsoleKey.Enter }:
                        string line = _line.ToString();
                        _line.Clear();
                        Console.Write(ClearLine);
                        Console.WriteLine(Prompt + line);
                        return line;
                    case { Key: ConsoleKey.D, Modifiers: ConsoleModifiers.Control } when _line.Length == 0:
                        Console.WriteLine();
                        return null;
                    case { Key: ConsoleKey.Backspace }:
                        if (_line.Length > 0)
                        {
                            int count = _line.Length > 1 && char.IsLowSurrogate(_line[^1]) ? 2 : 1;
                            _line.Length -= count;
                        }

                        break;
                    case { Key: ConsoleKey.U, Modifiers: ConsoleModifiers.Control }:
                        _line.Clear();
                        break;
                    case { KeyChar: >= ' ' }:
                        _line.Append(key.KeyChar);
                        break;
                    default:
                        break;
                }

                Console.Write(ClearLine + Prompt + _line);
            }
        }
    }

    private void Above(Action show)
    {
        lock (_gate)
        {
            if (isTerminal)
            {
                Console.Write(ClearLine);
            }

            show();
            if (isTerminal)
            {
                Console.Write(Prompt + _line);
            }
        }
    }
}
