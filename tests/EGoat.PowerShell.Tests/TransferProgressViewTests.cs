using System.Management.Automation;

namespace EGoat.PowerShell.Tests;

/// <summary>The progress records of transfers, on a clock that the test moves.</summary>
public sealed class TransferProgressViewTests
{
    private const long Mebi = 1024 * 1024;

    private readonly StepTime _time = new();
    private readonly List<ProgressRecord> _records = [];

    [Fact]
    public void A_transfer_has_a_record_below_that_of_all_with_bytes_rate_and_time_left()
    {
        TransferProgressView view = Create(fileCount: 1, length: 100 * Mebi);
        view.Start("Waiting for answers");
        EGoatTransfer file = Describe("ada", "goat.bin", 100 * Mebi);
        view.Show(file);
        Assert.Equal("Waiting for the answer", Latest(1).StatusDescription);
        Assert.Equal((0, -1), (Latest(1).PercentComplete, Latest(1).SecondsRemaining));
        for (int second = 0; second <= 10; second++)
        {
            view.Show(file with { State = EGoatTransferState.Active, BytesResumed = 20 * Mebi, BytesTransferred = (1 + (4 * second)) * Mebi });
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        ProgressRecord child = Latest(1);
        Assert.Equal(("goat.bin to ada", 0), (child.Activity, child.ParentActivityId));
        Assert.Equal("61.0 MiB of 100.0 MiB, 4.0 MiB/s", child.StatusDescription);
        Assert.Equal((61, 10), (child.PercentComplete, child.SecondsRemaining));
        ProgressRecord all = Latest(0);
        Assert.Equal(("Sending to lobby", -1), (all.Activity, all.ParentActivityId));
        Assert.Equal("0 of 1 files, 61.0 MiB of 100.0 MiB, 4.0 MiB/s", all.StatusDescription);
        Assert.Equal((61, 10), (all.PercentComplete, all.SecondsRemaining));

        view.Show(file with { State = EGoatTransferState.Completed, BytesResumed = 20 * Mebi, BytesTransferred = 80 * Mebi });
        Assert.Equal((ProgressRecordType.Completed, 100), (Latest(1).RecordType, Latest(1).PercentComplete));
        view.Complete();
        Assert.Equal(ProgressRecordType.Completed, Latest(0).RecordType);
        Assert.Single(_records, r => r is { ActivityId: 1, RecordType: ProgressRecordType.Completed });
    }

    [Fact]
    public void Each_receiver_has_one_record_whatever_the_number_of_files_and_the_slowest_ends_last()
    {
        TransferProgressView view = Create(fileCount: 2, length: 20 * Mebi);
        foreach (string peer in new[] { "ada", "bob" })
        {
            view.Show(Describe(peer, "one", 10 * Mebi));
            view.Show(Describe(peer, "two", 10 * Mebi));
        }

        for (int second = 0; second <= 4; second++)
        {
            view.Show(Describe("ada", "one", 10 * Mebi) with { State = EGoatTransferState.Active, BytesTransferred = (1 + second) * 2 * Mebi });
            view.Show(Describe("bob", "one", 10 * Mebi) with { State = EGoatTransferState.Active, BytesTransferred = (1 + second) * Mebi });
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        view.Show(Describe("ada", "one", 10 * Mebi) with { State = EGoatTransferState.Completed, BytesTransferred = 10 * Mebi });
        Assert.Equal([0, 1, 2], _records.Select(r => r.ActivityId).Distinct().Order());
        Assert.Equal("1 of 2 files, 10.0 MiB of 20.0 MiB, 1.4 MiB/s", Latest(1).StatusDescription);
        Assert.Equal((25, 15), (Latest(2).PercentComplete, Latest(2).SecondsRemaining));
        Assert.Equal((15, 37), (Latest(0).SecondsRemaining, Latest(0).PercentComplete));
    }

    [Fact]
    public void What_is_not_delivered_is_not_waited_for()
    {
        TransferProgressView view = Create(fileCount: 2, length: 100 * Mebi);
        view.Show(Describe("ada", "one", 90 * Mebi) with { State = EGoatTransferState.Rejected });
        view.Show(Describe("ada", "two", 10 * Mebi) with { State = EGoatTransferState.Active, BytesTransferred = 5 * Mebi });
        _time.Advance(TimeSpan.FromSeconds(1));
        view.Show(Describe("ada", "two", 10 * Mebi) with { State = EGoatTransferState.Active, BytesTransferred = 5 * Mebi });
        Assert.Equal(50, Latest(1).PercentComplete);
        view.Show(Describe("ada", "two", 10 * Mebi) with { State = EGoatTransferState.Failed, BytesTransferred = 5 * Mebi });
        Assert.Equal(ProgressRecordType.Completed, Latest(1).RecordType);
    }

    [Fact]
    public void Records_are_taken_away_when_the_command_ends_in_the_middle()
    {
        TransferProgressView view = Create(fileCount: 1, length: 10);
        view.Show(Describe("ada", "goat", 10) with { State = EGoatTransferState.Active, BytesTransferred = 1 });
        view.Show(Describe("bob", "goat", 10) with { State = EGoatTransferState.Active, BytesTransferred = 1 });
        view.Complete();
        Assert.All(new[] { 0, 1, 2 }, id => Assert.Equal(ProgressRecordType.Completed, Latest(id).RecordType));
    }

    [Fact]
    public void Records_are_few_however_many_the_events_and_a_pause_shows_at_once()
    {
        TransferProgressView view = Create(fileCount: 1, length: 1000);
        for (int i = 1; i <= 100; i++)
        {
            view.Show(Describe("ada", "goat", 1000) with { State = EGoatTransferState.Active, BytesTransferred = i });
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        Assert.InRange(_records.Count, 8, 12);
        view.Show(Describe("ada", "goat", 1000) with { State = EGoatTransferState.Paused, BytesTransferred = 100 });
        Assert.Equal("100 B of 1000 B, paused", Latest(1).StatusDescription);
        Assert.Equal(-1, Latest(1).SecondsRemaining);
    }

    [Fact]
    public void The_rate_is_that_of_the_last_seconds_and_a_lost_connection_makes_it_fall_not_negative()
    {
        var rate = new TransferRate(_time);
        rate.Update(0);
        _time.Advance(TimeSpan.FromMinutes(1)); // the receiver was asked
        rate.Update(1000);
        Assert.Equal(0, rate.BytesPerSecond);
        _time.Advance(TimeSpan.FromSeconds(1));
        rate.Update(2000);
        Assert.Equal(1000, rate.BytesPerSecond, 3);
        for (int second = 0; second < 30; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            rate.Update(2000 + (5000 * (second + 1)));
        }

        Assert.InRange(rate.BytesPerSecond, 4999, 5000);
        _time.Advance(TimeSpan.FromSeconds(1));
        rate.Update(10);
        Assert.InRange(rate.BytesPerSecond, 3500, 3700);
    }

    [Fact]
    public void Names_of_peers_cannot_move_the_cursor()
    {
        TransferProgressView view = Create(fileCount: 1, length: 10);
        view.Show(Describe("a\u001b[2Jda", "go\u202eat", 10));
        Assert.Equal(@"go\u202eat to a\u001b[2Jda", Latest(1).Activity);
    }

    [Fact]
    public void Who_receives_for_days_keeps_no_records_of_what_has_ended()
    {
        TransferProgressView view = Create(fileCount: null, length: null);
        for (int i = 0; i < 100; i++)
        {
            view.Show(Describe($"peer {i}", "goat", Mebi) with { State = EGoatTransferState.Completed, BytesTransferred = Mebi });
        }

        Assert.Equal("100 files, 100.0 MiB of 100.0 MiB, 0 B/s", Latest(0).StatusDescription);
        _records.Clear();
        view.Complete();
        Assert.Equal(0, Assert.Single(_records).ActivityId);
    }

    private TransferProgressView Create(int? fileCount, long? length) => new("Sending to lobby", fileCount, length, _time, _records.Add);

    private ProgressRecord Latest(int activityId) => _records.Last(r => r.ActivityId == activityId);

    private static EGoatTransfer Describe(string peer, string name, long length) => new()
    {
        Id = $"transfer to {peer}",
        Room = "lobby",
        Name = name,
        Path = "",
        Peer = peer,
        PeerIdentity = peer,
        Direction = EGoatDirection.Sent,
        Length = length,
        State = EGoatTransferState.Offered,
        Started = DateTimeOffset.UnixEpoch,
    };

    private sealed class StepTime : TimeProvider
    {
        private TimeSpan _now = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now.Ticks;

        public void Advance(TimeSpan time) => _now += time;
    }
}
