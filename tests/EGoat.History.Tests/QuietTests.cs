using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using static EGoat.History.Tests.HistoryFolder;

namespace EGoat.History.Tests;

/// <summary>What the writer does while nothing is written, to the second.</summary>
public sealed class QuietTests : IDisposable
{
    private readonly HistoryFolder _folder = new();
    private readonly WatchedTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_second_after_the_last_write_the_log_is_empty()
    {
        await using HistoryStore store = _folder.Open(_time);
        for (int i = 0; i < 3; i++)
        {
            await store.AddMessageAsync(Message($"{i}"), default);
            await _time.WhenWaitingAsync();
            _time.Advance(TimeSpan.FromSeconds(0.9));
            Assert.True(LogLength() > 0);
        }

        _time.Advance(TimeSpan.FromSeconds(0.1));
        await WhenEmptyAsync();
    }

    [Fact]
    public async Task What_others_have_written_is_theirs_to_bring_into_the_file_for_a_second_more()
    {
        await using HistoryStore store = _folder.Open(_time);
        await store.AddMessageAsync(Message("1"), default);
        await _time.WhenWaitingAsync();
        _time.Advance(TimeSpan.FromSeconds(1));
        await WhenEmptyAsync();
        for (int round = 0; round < 2; round++)
        {
            await _time.WhenWaitingAsync();
            using SqliteConnection other = _folder.Connect();
            other.Execute($"INSERT INTO identities VALUES ('id{round}', 'bob', 'lobby', 1, 1)");
            _time.Advance(TimeSpan.FromSeconds(2)); // the next look
            await _time.WhenWaitingAsync();
            Assert.True(LogLength() > 0);
            _time.Advance(TimeSpan.FromSeconds(1));
            await WhenEmptyAsync();
        }
    }

    private long LogLength() => new FileInfo(_folder.Database + "-wal").Length;

    private async Task WhenEmptyAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (LogLength() > 0)
        {
            await Task.Delay(5, limit.Token);
        }
    }

    /// <summary>Tells when the writer waits: its timer is the only one.</summary>
    private sealed class WatchedTime() : FakeTimeProvider(Noon)
    {
        private int _timers;

        public async Task WhenWaitingAsync()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (Volatile.Read(ref _timers) == 0)
            {
                await Task.Delay(5, limit.Token);
            }
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var watched = new Watched(this);
            watched.Timer = base.CreateTimer(
                fired =>
                {
                    watched.End();
                    callback(fired);
                },
                state,
                dueTime,
                period);
            Interlocked.Increment(ref _timers); // only now: it is under way when it is counted
            return watched;
        }

        private sealed class Watched(WatchedTime time) : ITimer
        {
            private int _hasEnded;

            public ITimer Timer { get; set; } = null!;

            public bool Change(TimeSpan dueTime, TimeSpan period) => Timer.Change(dueTime, period);

            public void Dispose()
            {
                End();
                Timer.Dispose();
            }

            public ValueTask DisposeAsync()
            {
                End();
                return Timer.DisposeAsync();
            }

            // It has fired, or nobody waits for it any longer.
            public void End()
            {
                if (Interlocked.Exchange(ref _hasEnded, 1) == 0)
                {
                    Interlocked.Decrement(ref time._timers);
                }
            }
        }
    }
}
