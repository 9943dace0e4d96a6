using Microsoft.Extensions.Time.Testing;

namespace EGoat.Terminal.Tests;

public sealed class TransferProgressTests
{
    private const long Mebibyte = 1024 * 1024;

    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(200)]
    public void Progress_is_one_total_with_the_files_below_and_goes_away(int width)
    {
        var terminal = new VirtualTerminal(width, 24);
        var report = new TransferReport(_ => { }, "sent", _time);
        using var display = new ProgressDisplay(terminal, report.Totals, _time);
        report.Totals.Expect(3, 30 * Mebibyte);
        report.Note(File("山田さんの長い名前のファイル.bin", 10 * Mebibyte, 2 * Mebibyte));
        report.Note(File(new string('n', 300), 10 * Mebibyte, Mebibyte));
        _time.Advance(TimeSpan.FromSeconds(1));
        report.Note(File("山田さんの長い名前のファイル.bin", 10 * Mebibyte, 4 * Mebibyte));
        display.Update();
        _time.Advance(TimeSpan.FromMilliseconds(100));
        string[] rows = terminal.Rows;
        Assert.Equal(3, rows.Length);
        Assert.All(rows, r => Assert.InRange(r.Length, 1, width));
        Assert.Contains("16 %", rows[0], StringComparison.Ordinal);
        Assert.Contains("5 MB of 30 MB", rows[0], StringComparison.Ordinal);
        Assert.EndsWith("40 %", rows[1], StringComparison.Ordinal);
        Assert.EndsWith("10 %", rows[2], StringComparison.Ordinal);
        Assert.Equal(width >= 80, rows[0].Contains("0 of 3 files", StringComparison.Ordinal));
        foreach (string name in (string[])["山田さんの長い名前のファイル.bin", new string('n', 300), "third"])
        {
            report.Note(File(name, 10 * Mebibyte, 10 * Mebibyte, EGoatTransferState.Completed));
        }

        display.Update();
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Empty(terminal.Rows);
    }

    [Fact]
    public void Nothing_is_drawn_while_nothing_is_under_way()
    {
        var terminal = new VirtualTerminal(80, 24);
        using var report = new TransferReport(_ => { }, "received", _time) { EndsWhenQuiet = true };
        using var display = new ProgressDisplay(terminal, report.Totals, _time);
        report.Note(File("a", 10, 10));
        display.Update();
        _time.Advance(TimeSpan.FromSeconds(1));
        report.Note(File("a", 10, 10, EGoatTransferState.Completed));
        display.Update();
        _time.Advance(TimeSpan.FromSeconds(2));
        int writes = terminal.Writes;
        for (int i = 0; i < 600; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(writes, terminal.Writes);
        Assert.Empty(terminal.Rows);
    }

    [Fact]
    public void Two_thousand_files_draw_ten_times_a_second_and_end_with_one_summary()
    {
        var terminal = new VirtualTerminal(80, 24);
        var lines = new List<string>();
        using var report = new TransferReport(lines.Add, "sent", _time);
        using var display = new ProgressDisplay(terminal, report.Totals, _time);
        report.Totals.Expect(2000, 2000 * 1000);
        for (int i = 0; i < 2000; i++)
        {
            report.Note(File($"file-{i}", 1000, 0));
            display.Update();
            report.Note(i % 1000 == 999 ? File($"file-{i}", 1000, 0, EGoatTransferState.Failed) : File($"file-{i}", 1000, 1000, EGoatTransferState.Completed));
            display.Update();
            _time.Advance(TimeSpan.FromMilliseconds(2.5));
        }

        report.End(leftOut: 1);
        Assert.InRange(terminal.Writes, 1, 60);
        Assert.Equal(TransferReport.MaxLines + 2 + 1, lines.Count);
        Assert.Equal("1,998 files, 1.9 MB, 5 s; 3 not sent", lines[^1]);
        Assert.Equal("file-999 to bob: failed. No space left.", lines[TransferReport.MaxLines]);
    }

    [Fact]
    public void Who_does_not_know_how_much_comes_does_not_say_how_much_is_left()
    {
        var totals = new TransferTotals(_time);
        totals.Note(File("a", 10 * Mebibyte, 5 * Mebibyte));
        Assert.Contains("50 %", ProgressRows.Total(totals.Read(), 80), StringComparison.Ordinal);
        totals.Note(File("a", 10 * Mebibyte, 10 * Mebibyte, EGoatTransferState.Completed));
        totals.Note(File("b", 10 * Mebibyte, 5 * Mebibyte));
        string row = ProgressRows.Total(totals.Read(), 80);
        Assert.StartsWith("1 file  15 MB  ", row, StringComparison.Ordinal);
        Assert.DoesNotContain("%", row, StringComparison.Ordinal);
        Assert.DoesNotContain("left", row, StringComparison.Ordinal);
    }

    [Fact]
    public void The_rate_is_that_of_the_last_seconds()
    {
        var totals = new TransferTotals(_time);
        totals.Expect(1, 100 * Mebibyte);
        for (int second = 1; second <= 20; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            totals.Note(File("a", 100 * Mebibyte, second <= 10 ? second * 9 * Mebibyte : 90 * Mebibyte));
            TransferSummary summary = totals.Read();
            if (second == 10)
            {
                Assert.InRange(summary.Rate, 8.9 * Mebibyte, 9.1 * Mebibyte);
                Assert.InRange(summary.TimeLeft!.Value.TotalSeconds, 1, 1.2);
            }
        }

        Assert.Equal(0, totals.Read().Rate);
        Assert.Null(totals.Read().TimeLeft);
    }

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1 KB")]
    [InlineData(1536, "1.5 KB")]
    [InlineData(1024 * 1024 - 1, "1 MB")]
    [InlineData(1288490189, "1.2 GB")]
    [InlineData(150 * Mebibyte, "150 MB")]
    public void Bytes_are_said_as_people_do(long bytes, string expected) => Assert.Equal(expected, DisplayText.Bytes(bytes));

    [Theory]
    [InlineData(0.42, "0.4 s")]
    [InlineData(5.2, "5 s")]
    [InlineData(60, "1 min")]
    [InlineData(125, "2 min 5 s")]
    [InlineData(3780, "1 h 3 min")]
    public void Times_are_said_as_people_do(double seconds, string expected) => Assert.Equal(expected, DisplayText.Duration(TimeSpan.FromSeconds(seconds)));

    private EGoatTransfer File(string name, long length, long done, EGoatTransferState state = EGoatTransferState.Active) => new()
    {
        Id = "id",
        Room = "lobby",
        Name = name,
        Path = "",
        Peer = "bob",
        PeerIdentity = "B",
        Direction = EGoatDirection.Sent,
        Length = length,
        BytesTransferred = done,
        State = state,
        Error = state == EGoatTransferState.Failed ? "No space left." : null,
        Started = _time.GetUtcNow(),
        Finished = state is EGoatTransferState.Active ? null : _time.GetUtcNow(),
    };
}
