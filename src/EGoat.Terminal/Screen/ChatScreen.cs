using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;

namespace EGoat.Terminal;

/// <summary>What somebody has typed and sent off.</summary>
/// <param name="Text">The text.</param>
/// <param name="IsTyped">Whether its beginning was typed: what was pasted is a text, whatever it begins with.</param>
public readonly record struct ChatInput(string Text, bool IsTyped);

/// <summary>
/// A line that is typed at the end of a terminal's output, lines that scroll by above, and rows of status between them. What
/// was read at once is drawn once; lines are drawn at most sixty times a second. Thread-safe.
/// </summary>
public sealed class ChatScreen : IDisposable
{
    private static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(16);

    /// <summary>Lines that wait for the next drawing; who writes one more draws them.</summary>
    private const int MaxPending = 500;

    /// <summary>Texts that were sent off and wait to be handled; then keys wait.</summary>
    private const int MaxSubmitted = 100;

    private readonly Lock _gate = new();
    private readonly ITerminal _terminal;
    private readonly LiveRegion _region;
    private readonly LineEditor _editor = new();
    private readonly ITimer _timer;
    private readonly StringBuilder _pending = new();
    private int _pendingLines;
    private bool _isScheduled;
    private bool _isReading;
    private bool _isPasted;
    private IReadOnlyList<ScreenRow> _status = [];
    private string _prompt = "> ";
    private string _hint = "";

    /// <summary>Creates one.</summary>
    /// <param name="terminal">The terminal; disposed of with the screen.</param>
    /// <param name="time">The clock.</param>
    public ChatScreen(ITerminal terminal, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        _terminal = terminal;
        _region = new LiveRegion(terminal);
        _timer = time.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Finds what may stand at the cursor; null finds nothing.</summary>
    public Func<string, int, Completion?>? Completer { get; init; }

    /// <summary>The longest text that can be sent off, in bytes of UTF-8.</summary>
    public int MaxTextBytes { get; init; } = int.MaxValue;

    /// <summary>Whether colours are shown.</summary>
    public bool HasColor => _terminal.HasColor;

    /// <summary>Columns.</summary>
    public int Width => _terminal.Width;

    /// <summary>What stands before the text.</summary>
    public string Prompt
    {
        get => _prompt;
        set
        {
            lock (_gate)
            {
                _prompt = value;
                Schedule();
            }
        }
    }

    /// <summary>Writes a line, or several, above what is typed. They may hold SGR sequences and nothing else that moves a terminal.</summary>
    public void WriteLine(string text)
    {
        lock (_gate)
        {
            _pending.Append(text).Append('\n');
            if (++_pendingLines >= MaxPending)
            {
                Draw();
            }
            else
            {
                Schedule();
            }
        }
    }

    /// <summary>Replaces the rows between the lines and what is typed.</summary>
    public void SetStatus(IReadOnlyList<ScreenRow> rows)
    {
        lock (_gate)
        {
            if (!_status.SequenceEqual(rows))
            {
                _status = rows;
                Schedule();
            }
        }
    }

    /// <summary>What is typed, text by text; ends with Ctrl+D on an empty line, or when the terminal is gone.</summary>
    public async IAsyncEnumerable<ChatInput> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var submitted = Channel.CreateBounded<ChatInput>(MaxSubmitted);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        lock (_gate)
        {
            _isReading = true;
            Draw();
        }

        Task reading = Task.Factory.StartNew(() => ReadKeys(submitted.Writer, stop.Token), stop.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            await foreach (ChatInput input in submitted.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return input;
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (_gate)
            {
                _isReading = false;
                Draw();
            }
        }
    }

    /// <summary>Takes what is typed and the status away, writes the lines that wait, and gives the terminal back.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _timer.Dispose();
            _isReading = false;
            _status = [];
            Draw();
            _terminal.Dispose();
        }
    }

    private void ReadKeys(ChannelWriter<ChatInput> submitted, CancellationToken cancellationToken)
    {
        try
        {
            while (_terminal.Read(cancellationToken) is { } keys)
            {
                var sent = new List<ChatInput>();
                bool hasEnded = Apply(keys, sent);
                foreach (ChatInput input in sent)
                {
                    submitted.WriteAsync(input, cancellationToken).AsTask().GetAwaiter().GetResult();
                }

                if (hasEnded)
                {
                    break;
                }
            }

            submitted.TryComplete();
        }
        catch (OperationCanceledException)
        {
            submitted.TryComplete();
        }
        catch (IOException e)
        {
            submitted.TryComplete(e);
        }
    }

    // True: the input has ended.
    private bool Apply(IReadOnlyList<TerminalInput> keys, List<ChatInput> sent)
    {
        lock (_gate)
        {
            foreach (TerminalInput key in keys)
            {
                if (key.Key == EditorKey.Paste)
                {
                    NotePaste(key.Text);
                }

                switch (_editor.Apply(key))
                {
                    case EditorResult.Submitted:
                        Submit(sent);
                        break;
                    case EditorResult.CompletionAsked:
                        Complete();
                        break;
                    case EditorResult.RedrawAsked:
                        _terminal.Write("\e[H\e[2J");
                        break;
                    case EditorResult.Ended:
                        return true;
                    default:
                        break;
                }

                if (_editor.Text.Length == 0)
                {
                    (_isPasted, _hint) = (false, "");
                }
            }

            Draw();
            return false;
        }
    }

    private void NotePaste(string text)
    {
        _isPasted |= _editor.Text.Length == 0 || _editor.Cursor == 0;
        int lines = text.AsSpan().Count('\n') + 1;
        if (lines > 1)
        {
            _hint = $"{DisplayText.Count(lines, "line")} pasted: Enter sends them as one message, Esc takes them away.";
        }
    }

    private void Submit(List<ChatInput> sent)
    {
        int bytes = Encoding.UTF8.GetByteCount(_editor.Text);
        if (bytes > MaxTextBytes)
        {
            _pending.Append($"egoat: This has {bytes:N0} bytes, a message at most {MaxTextBytes:N0}. Shorten it, or send it as a file; it stays to be edited.\n");
        }
        else if (_editor.Text.Length > 0)
        {
            bool isTyped = !_isPasted;
            sent.Add(new ChatInput(_editor.Submit(), isTyped));
        }
    }

    private void Complete()
    {
        if (Completer?.Invoke(_editor.Text, _editor.Cursor) is not { Candidates.Count: > 0 } completion)
        {
            return;
        }

        string common = completion.CommonPrefix;
        string present = _editor.Text.Substring(completion.Start, completion.Length);
        if (completion.Candidates.Count == 1 || common.Length > present.Length)
        {
            _editor.Replace(completion.Start, completion.Length, common);
        }
        else
        {
            _pending.Append(VisibleText.Line(string.Join("  ", completion.Candidates.Take(Completion.MaxShown)))).Append(completion.Candidates.Count > Completion.MaxShown ? "  …\n" : "\n");
        }
    }

    private void Schedule()
    {
        if (!_isScheduled)
        {
            _isScheduled = true;
            _timer.Change(FrameTime, Timeout.InfiniteTimeSpan);
        }
    }

    private void Tick()
    {
        lock (_gate)
        {
            _isScheduled = false;
            Draw();
        }
    }

    private void Draw()
    {
        int width = _terminal.Width;
        var rows = new List<ScreenRow>();
        rows.AddRange(_status.Select(r => r with { Text = DisplayText.Truncate(r.Text, width) }));
        if (_hint.Length > 0)
        {
            rows.Add(new ScreenRow(DisplayText.Truncate(_hint, width), "2"));
        }

        int cursorRow = 0;
        int cursorColumn = 0;
        if (_isReading)
        {
            LineLayout line = LineLayout.Create(_prompt, _editor.Text, _editor.Cursor, width, Math.Max(1, Math.Min(_terminal.Height - rows.Count - 1, _terminal.Height / 2)));
            (cursorRow, cursorColumn) = (rows.Count + line.CursorRow, line.CursorColumn);
            rows.AddRange(line.Rows.Select(r => new ScreenRow(r)));
        }

        _region.Draw(_pending.ToString(), rows, cursorRow, cursorColumn);
        _pending.Clear();
        _pendingLines = 0;
    }
}
