using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.Mesh.Tests.Rooms;

/// <summary>Files whose receiver goes away, for a while or for ever, in virtual time.</summary>
[Collection(InVirtualTime.Name)]
public sealed class TransfersOverTimeTests : IAsyncLifetime
{
    private const int Length = 6 * 1024 * 1024;

    /// <summary>Bytes per second, so that a file takes a minute.</summary>
    private const long Rate = 100 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>What either side lets the other be silent for: less than a block of the file takes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly VirtualTime _time = new(1, new NetworkConditions { Latency = TimeSpan.FromMilliseconds(20) });
    private readonly DtlsCertificate[] _certificates = [DtlsCertificate.Create(), DtlsCertificate.Create(), DtlsCertificate.Create()];
    private readonly List<VirtualMember> _members = [];
    private readonly MemoryServer _server;
    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-over-time-").FullName;
    private VirtualMember _ada = null!;
    private VirtualMember _bob = null!;
    private string _source = "";
    private FileSend _send = null!;

    public TransfersOverTimeTests() => _server = new MemoryServer(_time);

    // A file is on its way from ada to bob.
    public async Task InitializeAsync()
    {
        (_source, _) = TestFile.Create(_folder, "goat.bin", Length);
        _ada = await JoinAsync("ada", 0);
        _bob = await JoinAsync("bob", 1);
        await _time.AdvanceUntilAsync(() => _ada.IsConnectedTo(1) && _bob.IsConnectedTo(1), Limit);
        _send = _ada.Room.SendFiles(new SendFileOptions { Paths = [_source], MaxRate = Rate });
        await _time.AdvanceUntilAsync(() => _bob.Room.Transfers is [{ BytesTransferred: > Length / 4 }] || _send.Completion.IsCompleted, Limit);
        Assert.False(_send.Completion.IsCompleted, _ada.Room.Transfers[0].Error);
    }

    public async Task DisposeAsync()
    {
        foreach (VirtualMember member in _members)
        {
            await member.DisposeAsync();
        }

        Array.ForEach(_certificates, c => c.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_transfer_never_goes_on_to_another_identity()
    {
        await LoseBobAsync();
        VirtualMember mallory = await JoinAsync("bob", 2);
        await _time.AdvanceUntilAsync(() => mallory.IsConnectedTo(1), Limit);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(30));
        Assert.Empty(mallory.Room.Transfers);
        Assert.False(_send.Completion.IsCompleted);

        VirtualMember back = await JoinAsync("bob", 1);
        EGoatTransfer sent = Assert.Single(await _time.AdvanceUntilAsync(_send.Completion, Limit));
        Assert.Equal((EGoatTransferState.Completed, null), (sent.State, sent.Error));
        Assert.True(sent.BytesResumed > 0);
        Assert.Equal(await File.ReadAllBytesAsync(_source), await File.ReadAllBytesAsync(Path.Combine(back.Receive!.Destination, "goat.bin")));
        Assert.Empty(mallory.Room.Transfers);
    }

    [Fact]
    public async Task A_transfer_that_moves_is_not_cut_however_long_it_takes()
    {
        TimeSpan began = _time.Network.Now;
        FileSend second = _ada.Room.SendFiles(new SendFileOptions { Paths = [TestFile.Create(_folder, "kid.bin", Length).Path], MaxRate = Rate, Timeout = Patience });
        EGoatTransfer sent = Assert.Single(await _time.AdvanceUntilAsync(second.Completion, Limit));
        Assert.Equal((EGoatTransferState.Completed, null), (sent.State, sent.Error));
        Assert.True(_time.Network.Now - began > 10 * Patience);
        Assert.Equal(EGoatTransferState.Completed, Assert.Single(await _time.AdvanceUntilAsync(_send.Completion, Limit)).State);
    }

    [Fact]
    public async Task A_transfer_that_waits_for_its_receiver_is_cancelled_at_once()
    {
        await LoseBobAsync();
        _ada.Room.CancelTransfer(Assert.Single(_ada.Room.Transfers).Id);
        EGoatTransfer sent = Assert.Single(await _time.AdvanceUntilAsync(_send.Completion, TimeSpan.FromSeconds(1)));
        Assert.Equal((EGoatTransferState.Cancelled, "It was cancelled."), (sent.State, sent.Error));
        Assert.Equal(sent, Assert.Single(_ada.Room.Transfers));
    }

    [Fact]
    public async Task A_transfer_that_was_paused_while_it_waited_for_its_receiver_is_paused_when_they_are_back()
    {
        await LoseBobAsync();
        string id = Assert.Single(_ada.Room.Transfers).Id;
        _ada.Room.PauseTransfer(id);
        VirtualMember back = await JoinAsync("bob", 1);
        await _time.AdvanceUntilAsync(() => back.Room.Transfers is [{ State: EGoatTransferState.Paused }], Limit);
        await _time.AdvanceAsync(TimeSpan.FromMinutes(5));
        Assert.Equal(EGoatTransferState.Paused, Assert.Single(_ada.Room.Transfers).State);
        _ada.Room.ResumeTransfer(id);
        Assert.Equal(EGoatTransferState.Completed, Assert.Single(await _time.AdvanceUntilAsync(_send.Completion, Limit)).State);
    }

    [Fact]
    public async Task A_receiver_that_does_not_come_back_is_not_waited_for_for_ever()
    {
        await LoseBobAsync();
        EGoatTransfer sent = Assert.Single(await _time.AdvanceUntilAsync(_send.Completion, TimeSpan.FromSeconds(121)));
        Assert.Equal(EGoatTransferState.Failed, sent.State);
        Assert.StartsWith("The connection to the receiver was lost.", sent.Error, StringComparison.Ordinal);
    }

    private async Task<VirtualMember> JoinAsync(string name, int identity)
    {
        string inbox = Path.Combine(_folder, $"{identity}");
        Directory.CreateDirectory(inbox);
        var member = new VirtualMember(_time, _server, _certificates[identity], name, $"192.0.2.{_members.Count + 1}") { Receive = new ReceiveOptions { Destination = inbox, Timeout = Patience } };
        _members.Add(member);
        await member.JoinAsync();
        return member;
    }

    // Bob is gone for ever; the sender has noticed, and waits.
    private async Task LoseBobAsync()
    {
        _bob.IsCutOff = true;
        using RoomSubscription events = _ada.Room.Subscribe();
        await _time.AdvanceUntilAsync(
            () =>
            {
                while (events.TryRead(out RoomEvent? e))
                {
                    if (e is RoomWarning { Text: "The connection to 'bob' was lost; the transfer goes on when they are back." })
                    {
                        return true;
                    }
                }

                return false;
            },
            Limit);
    }
}
