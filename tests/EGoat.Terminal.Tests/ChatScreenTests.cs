using Microsoft.Extensions.Time.Testing;

namespace EGoat.Terminal.Tests;

public sealed class ChatScreenTests : IAsyncLifetime
{
    private const int MaxTextBytes = 32 * 1024;

    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<ChatInput> _sent = [];
    private VirtualTerminal _terminal = null!;
    private ChatScreen _screen = null!;
    private Task _reading = Task.CompletedTask;

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => EndAsync();

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(200)]
    public async Task Lines_that_come_leave_what_is_typed_alone(int width)
    {
        Start(width);
        _terminal.Type("half a sen");
        await _terminal.WaitAsync(r => r[^1] == "> half a sen");
        for (int i = 0; i < 10_000; i++)
        {
            _screen.WriteLine($"line {i}");
        }

        _terminal.Type("tence");
        string[] rows = await _terminal.WaitAsync(r => r[^1] == "> half a sentence");
        Assert.Equal([.. Enumerable.Range(0, 10_000).Select(i => $"line {i}"), "> half a sentence"], rows);
        Assert.Equal("> half a sentence".Length, _terminal.Cursor.Column);
        await EndAsync();
    }

    [Fact]
    public async Task Lines_are_drawn_together_and_a_key_at_once()
    {
        Start(80);
        int before = _terminal.Writes;
        for (int i = 0; i < 100; i++)
        {
            _screen.WriteLine("line");
        }

        Assert.Equal(before, _terminal.Writes);
        _time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.Equal(before + 1, _terminal.Writes);
        await EndAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_long_line_is_warned_of_and_stays_and_little_is_written(bool isPasted)
    {
        Start(80);
        string text = new('x', 33_000);
        if (isPasted)
        {
            _terminal.Type($"\e[200~{text}\e[201~");
        }
        else
        {
            // As a robot types: a hundred characters are read at once.
            for (int i = 0; i < 330; i++)
            {
                _terminal.Type(text[..100]);
            }
        }

        _terminal.Type("\r");
        string[] rows = await _terminal.WaitAsync(r => r.Any(l => l.StartsWith("egoat:", StringComparison.Ordinal)));
        Assert.Contains(rows, r => r.Contains("33,000 bytes", StringComparison.Ordinal));
        Assert.Empty(_sent);
        Assert.InRange(_terminal.Written, 1, 1_000_000);
        for (int i = 0; i < 300; i++)
        {
            _terminal.Type("\x7f");
        }

        _terminal.Type("\r");
        await _terminal.WaitAsync(_ => _sent.Count == 1);
        Assert.Equal(text[..32_700], _sent[0].Text);
        await EndAsync();
    }

    [Fact]
    public async Task What_is_pasted_is_a_text_and_several_lines_ask_once()
    {
        Start(80);
        _terminal.Type("\e[200~/quit\e[201~\r");
        await _terminal.WaitAsync(_ => _sent.Count == 1);
        Assert.Equal(new ChatInput("/quit", IsTyped: false), _sent[0]);
        _terminal.Type("\e[200~one\r\ntwo\r\nthree\e[201~");
        string[] rows = await _terminal.WaitAsync(r => r[^1].EndsWith("three", StringComparison.Ordinal));
        Assert.Single(rows, r => r == "3 lines pasted: Enter sends them as one message, Esc takes them away.");
        Assert.Single(_sent);
        _terminal.Type("\r/quit\r");
        await _terminal.WaitAsync(_ => _sent.Count == 3);
        Assert.Equal(new ChatInput("one\ntwo\nthree", IsTyped: false), _sent[1]);
        Assert.Equal(new ChatInput("/quit", IsTyped: true), _sent[2]);
        await EndAsync();
    }

    [Fact]
    public async Task Wide_characters_and_long_lines_are_broken_where_they_fit()
    {
        Start(10);
        _terminal.Type("山田太郎さん");
        string[] rows = await _terminal.WaitAsync(r => r.Length == 2);
        Assert.Equal(["> 山田太郎", "  さん"], rows);
        Assert.Equal((1, 6), _terminal.Cursor);
        _terminal.Type("\x01");
        await _terminal.WaitAsync(_ => _terminal.Cursor == (0, 2));
        await EndAsync();
    }

    [Fact]
    public async Task Another_size_draws_what_is_typed_once()
    {
        Start(80);
        _screen.WriteLine("above");
        _terminal.Type(new string('a', 100));
        await _terminal.WaitAsync(r => r.Length == 3);
        _terminal.Resize(40);
        string[] rows = await _terminal.WaitAsync(r => r.Length == 4 && r[2].StartsWith("  a", StringComparison.Ordinal));
        Assert.Equal(["above", "> " + new string('a', 38), "  " + new string('a', 38), "  " + new string('a', 24)], rows);
        await EndAsync();
    }

    [Fact]
    public async Task Status_stands_between_and_goes_away()
    {
        Start(40);
        _screen.SetStatus([new ScreenRow("sending " + new string('x', 60), "2")]);
        _terminal.Type("text");
        string[] rows = await _terminal.WaitAsync(r => r[^1] == "> text");
        Assert.Equal(40, rows[0].Length);
        _screen.SetStatus([]);
        _time.Advance(TimeSpan.FromMilliseconds(20));
        Assert.Equal(["> text"], _terminal.Rows);
        await EndAsync();
        Assert.Empty(_terminal.Rows);
        Assert.True(_terminal.IsDisposed);
    }

    [Fact]
    public async Task Ctrl_D_on_an_empty_line_ends_the_input()
    {
        Start(80);
        _terminal.Type("a\x04\x7f\x04");
        await _reading.WaitAsync(TimeSpan.FromSeconds(30));
        await EndAsync();
    }

    private void Start(int width)
    {
        _terminal = new VirtualTerminal(width, 24);
        _screen = new ChatScreen(_terminal, _time) { MaxTextBytes = MaxTextBytes };
        _reading = ReadAsync();

        async Task ReadAsync()
        {
            await foreach (ChatInput input in _screen.ReadAllAsync(_stop.Token))
            {
                _sent.Add(input);
            }
        }
    }

    private async Task EndAsync()
    {
        await _stop.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _screen?.Dispose();
    }
}
