using System.Net;
using EGoat.Mesh;
using EGoat.Testing;
using EGoat.Web;

namespace EGoat.Node.Tests;

/// <summary>Whole rooms on loopback: real servers, sockets, databases and files.</summary>
public sealed class RoomTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(60));
    private readonly Installation _ada = Installation.Create();
    private readonly Installation _bob = Installation.Create();
    private readonly Installation _cleo = Installation.Create();
    private SignalingServer _server = null!;

    private CancellationToken Cancelled => _limit.Token;

    public async Task InitializeAsync() => _server = await StartAsync(0);

    public async Task DisposeAsync()
    {
        await _ada.DisposeAsync();
        await _bob.DisposeAsync();
        await _cleo.DisposeAsync();
        _limit.Dispose();
    }

    [Fact]
    public async Task Three_members_find_each_other_and_a_text_of_each_reaches_both_others()
    {
        Room[] rooms = await JoinAllAsync();
        RoomSubscription[] events = [.. rooms.Select(r => r.Subscribe())];
        foreach (Room room in rooms)
        {
            SentMessage sent = await room.SendTextAsync($"from {room.DisplayName}", cancellationToken: Cancelled);
            Assert.Equal(2, sent.Recipients.Count);
            await sent.Outcome.WaitAsync(Cancelled);
        }

        for (int i = 0; i < rooms.Length; i++)
        {
            string[] received = [await NextTextAsync(events[i]), await NextTextAsync(events[i])];
            Assert.Equal(rooms.Where(r => r != rooms[i]).Select(r => $"from {r.DisplayName}"), received);
        }

        EGoatMessage[] history = await ToArrayAsync(_bob.Node.History.QueryMessagesAsync(new HistoryQuery { Room = "lobby" }, Cancelled));
        Assert.Equal(["from ada", "from bob", "from cleo"], history.Select(m => m.Text));
        Assert.Equal([EGoatDirection.Received, EGoatDirection.Sent, EGoatDirection.Received], history.Select(m => m.Direction));
        Assert.Equal(_ada.Node.Identity, history[0].FromIdentity);
    }

    [Fact]
    public async Task A_peer_tells_how_it_is_reached_and_what_went_there()
    {
        Room[] rooms = await JoinAllAsync();
        (string file, _) = _ada.CreateFile("goat.bin", 1_000_000);
        await rooms[0].SendFiles([file], cancellationToken: Cancelled).Completion.WaitAsync(Cancelled);
        EGoatPeerStatistics toBob = rooms[0].Peers.Single(p => p.Name == "bob").Statistics!;
        EGoatPeerStatistics toAda = rooms[1].Peers.Single(p => p.Name == "ada").Statistics!;
        Assert.Equal(("host", "host"), (toBob.LocalCandidateType, toBob.RemoteCandidateType));
        Assert.Equal(IPEndPoint.Parse(toAda.LocalAddress).Port, IPEndPoint.Parse(toBob.RemoteAddress).Port);
        Assert.InRange(toBob.BytesSent, 1_000_000, 2_000_000);
        Assert.InRange(toAda.BytesReceived, 1_000_000, toBob.BytesSent);
        Assert.True(toBob.RoundTripTime > TimeSpan.Zero);
        Assert.True(toBob.MessagesSent > 1 && toBob.CongestionWindow > 0 && toBob.ReceiverWindow > 0);
        Assert.Equal("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", toBob.DtlsCipher);
        Assert.Equal(IPEndPoint.Parse(toBob.RemoteAddress), IPEndPoint.Parse(rooms[0].Peers.Single(p => p.Name == "bob").Address));
    }

    [Fact]
    public async Task A_message_may_go_to_one_member_only()
    {
        Room[] rooms = await JoinAllAsync();
        using RoomSubscription cleo = rooms[2].Subscribe();
        using RoomSubscription bob = rooms[1].Subscribe();
        SentMessage secret = await rooms[0].SendTextAsync("only bob", "bob", Cancelled);
        await secret.Outcome.WaitAsync(Cancelled);
        await (await rooms[0].SendTextAsync("all", cancellationToken: Cancelled)).Outcome.WaitAsync(Cancelled);
        Assert.Equal("only bob", await NextTextAsync(bob));
        Assert.Equal("all", await NextTextAsync(cleo));
        await Assert.ThrowsAsync<RoomException>(() => rooms[0].SendTextAsync("hi", "nobody", Cancelled));
    }

    [Fact]
    public async Task Files_reach_everybody_who_accepts_them_unchanged()
    {
        Room[] rooms = await JoinAllAsync();
        (string big, byte[] bigHash) = _ada.CreateFile("big.bin", (20 * 1024 * 1024) + 123);
        (string empty, byte[] emptyHash) = _ada.CreateFile("empty.txt", 0);
        FileSend send = rooms[0].SendFiles([big, empty], cancellationToken: Cancelled);
        Assert.Equal(2, send.Recipients.Count);
        IReadOnlyList<EGoatTransfer> transfers = await send.Completion.WaitAsync(Cancelled);
        Assert.Equal(4, transfers.Count);
        Assert.All(transfers, t => Assert.Equal(EGoatTransferState.Completed, t.State));
        foreach (Installation receiver in (Installation[])[_bob, _cleo])
        {
            Assert.Equal(bigHash, TestFile.HashOf(Path.Combine(receiver.Inbox, "big.bin")));
            Assert.Equal(emptyHash, TestFile.HashOf(Path.Combine(receiver.Inbox, "empty.txt")));
            Assert.Equal(2, Directory.GetFiles(receiver.Inbox).Length);
        }

        Assert.Equal(await TreeHash.ComputeAsync(big, Cancelled), transfers.First(t => t.Name == "big.bin").TreeHash);
        EGoatTransfer[] stored = await ToArrayAsync(_ada.Node.History.QueryTransfersAsync(new HistoryQuery(), Cancelled));
        Assert.Equal(4, stored.Length);
    }

    [Fact]
    public async Task A_name_that_is_taken_gets_a_number()
    {
        Room ada = await _ada.JoinAsync(_server.Url, "ada", Cancelled, receives: false);
        await _bob.JoinAsync(_server.Url, "bob", Cancelled);
        await ada.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        (string path, _) = _ada.CreateFile("goat.txt", 10);
        await ada.SendFiles([path], cancellationToken: Cancelled).Completion.WaitAsync(Cancelled);
        await File.WriteAllTextAsync(path, "ten others", Cancelled);
        await ada.SendFiles([path], cancellationToken: Cancelled).Completion.WaitAsync(Cancelled);
        Assert.Equal(["goat (2).txt", "goat.txt"], Directory.GetFiles(_bob.Inbox).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Who_does_not_accept_files_is_not_offered_any_until_that_changes()
    {
        Room ada = await _ada.JoinAsync(_server.Url, "ada", Cancelled);
        Room bob = await _bob.JoinAsync(_server.Url, "bob", Cancelled, receives: false);
        await ada.WaitForPeersAsync(1, acceptingFiles: false, Cancelled);
        (string path, byte[] hash) = _ada.CreateFile("goat.bin", 100_000);
        Assert.Empty(ada.SendFiles([path], cancellationToken: Cancelled).Recipients);
        bob.SetReceive(new ReceiveOptions { Destination = _bob.Inbox });
        await ada.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        Assert.Single(await ada.SendFiles([path], cancellationToken: Cancelled).Completion.WaitAsync(Cancelled));
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(_bob.Inbox, "goat.bin")));
    }

    [Fact]
    public async Task A_transfer_that_is_cancelled_leaves_no_file_under_its_name_and_the_room_goes_on()
    {
        Room ada = await _ada.JoinAsync(_server.Url, "ada", Cancelled);
        Room bob = await _bob.JoinAsync(_server.Url, "bob", Cancelled);
        await ada.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        (string path, _) = _ada.CreateFile("goat.bin", 200 * 1024 * 1024);
        using var stop = new CancellationTokenSource();
        using RoomSubscription events = bob.Subscribe();
        FileSend send = ada.SendFiles([path], cancellationToken: stop.Token);
        await FirstAsync(events, e => e is RoomTransferChanged { Transfer.BytesTransferred: > 0 });
        await stop.CancelAsync();
        EGoatTransfer transfer = Assert.Single(await send.Completion.WaitAsync(Cancelled));
        Assert.Equal(EGoatTransferState.Cancelled, transfer.State);
        var ended = (RoomTransferChanged)await FirstAsync(events, e => e is RoomTransferChanged { Transfer.IsEnded: true });
        Assert.True(ended.Transfer.State == EGoatTransferState.Cancelled, ended.Transfer.Error);
        Assert.False(File.Exists(Path.Combine(_bob.Inbox, "goat.bin")));
        await (await ada.SendTextAsync("still here", cancellationToken: Cancelled)).Outcome.WaitAsync(Cancelled);
    }

    [Fact]
    public async Task Leaving_is_noticed_at_once_and_delivers_what_was_said_last()
    {
        Room[] rooms = await JoinAllAsync();
        using RoomSubscription events = rooms[1].Subscribe();
        await rooms[0].SendTextAsync("bye", cancellationToken: Cancelled);
        await rooms[0].LeaveAsync(Cancelled);
        Assert.Equal("bye", await NextTextAsync(events));
        var left = (RoomPeerChanged)await FirstAsync(events, e => e is RoomPeerChanged { Peer.State: EGoatPeerState.Left });
        Assert.Equal("ada", left.Peer.Name);
        Assert.Single(rooms[1].Peers);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => rooms[0].SendTextAsync("again", cancellationToken: Cancelled));
    }

    [Fact]
    public async Task A_restarted_server_is_found_again_while_chat_and_a_running_file_go_on_and_nobody_is_listed_twice()
    {
        Room ada = await _ada.JoinAsync(_server.Url, "ada", Cancelled);
        Room bob = await _bob.JoinAsync(_server.Url, "bob", Cancelled);
        await ada.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        await bob.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        (string path, byte[] hash) = _ada.CreateFile("goat.bin", 100 * 1024 * 1024);
        using RoomSubscription adas = ada.Subscribe();
        using RoomSubscription bobs = bob.Subscribe();
        FileSend send = ada.SendFiles([path], cancellationToken: Cancelled);

        int port = _server.Url.Port;
        await _server.DisposeAsync();
        await FirstAsync(adas, e => e is RoomStateChanged { State: EGoatRoomState.Reconnecting });
        await (await bob.SendTextAsync("without a server", cancellationToken: Cancelled)).Outcome.WaitAsync(Cancelled);
        _server = await StartAsync(port);
        await FirstAsync(adas, e => e is RoomStateChanged { State: EGoatRoomState.Joined });
        await FirstAsync(bobs, e => e is RoomStateChanged { State: EGoatRoomState.Joined });

        Assert.Equal(EGoatTransferState.Completed, Assert.Single(await send.Completion.WaitAsync(Cancelled)).State);
        Assert.Equal(hash, TestFile.HashOf(Path.Combine(_bob.Inbox, "goat.bin")));
        Room cleo = await _cleo.JoinAsync(_server.Url, "cleo", Cancelled);
        await cleo.WaitForPeersAsync(2, acceptingFiles: true, Cancelled);
        await ada.WaitForPeersAsync(2, acceptingFiles: true, Cancelled);
        await bob.WaitForPeersAsync(2, acceptingFiles: true, Cancelled);
        Assert.Equal(["bob", "cleo"], ada.Peers.Select(p => p.Name).Order());
        Assert.Equal(["ada", "cleo"], bob.Peers.Select(p => p.Name).Order());
        Assert.Equal(["ada", "bob"], cleo.Peers.Select(p => p.Name).Order());
    }

    [Fact]
    public async Task The_same_process_that_joins_twice_replaces_what_it_was()
    {
        Room ada = await _ada.JoinAsync(_server.Url, "ada", Cancelled);
        await _bob.JoinAsync(_server.Url, "bob", Cancelled);
        await ada.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        string first = ada.Peers[0].Id;
        using RoomSubscription events = ada.Subscribe();
        await _bob.JoinAsync(_server.Url, "bob", Cancelled);
        await FirstAsync(events, e => e is RoomPeerChanged { Peer.State: EGoatPeerState.Left } changed && changed.Peer.Id == first);
        await ada.WaitForPeersAsync(1, acceptingFiles: true, Cancelled);
        Assert.NotEqual(first, Assert.Single(ada.Peers).Id);
    }

    [Theory]
    [InlineData("not a name")]
    [InlineData("")]
    [InlineData("../lobby")]
    public async Task A_room_name_that_is_none_is_refused_in_one_line(string name)
    {
        RoomException e = await Assert.ThrowsAsync<RoomException>(() => _ada.JoinAsync(_server.Url, "ada", Cancelled, name));
        Assert.Contains("is not a room name", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named_with_the_remedy()
    {
        RoomException e = await Assert.ThrowsAsync<RoomException>(() => _ada.JoinAsync(new Uri("http://127.0.0.1:9"), "ada", Cancelled));
        Assert.Equal("The signaling server http://127.0.0.1:9 cannot be reached. Nothing listens there: start 'egoat serve', or check the port.", e.Message);
    }

    [Fact]
    public void A_damaged_history_is_named_and_left_as_it_is()
    {
        string folder = Path.Combine(_ada.Folder, "damaged");
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, "chat.db");
        File.WriteAllText(path, new string('x', 10_000));
        NodeException e = Assert.Throws<NodeException>(() => EGoatNode.Open(new NodeOptions { DataFolder = folder }));
        Assert.Contains("is damaged or not a database", e.Message, StringComparison.Ordinal);
        Assert.Equal(new string('x', 10_000), File.ReadAllText(path));
    }

    [Fact]
    public async Task An_identity_outlives_its_process_and_its_file_is_the_owners_alone()
    {
        string folder = Path.Combine(_ada.Folder, "kept");
        EGoatNode first = EGoatNode.Open(new NodeOptions { DataFolder = folder });
        string identity = first.Identity;
        await first.DisposeAsync();
        EGoatNode second = EGoatNode.Open(new NodeOptions { DataFolder = folder });
        Assert.Equal(identity, second.Identity);
        await second.DisposeAsync();
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, "identity.pem")));
        }

        File.WriteAllText(Path.Combine(folder, "identity.pem"), "nonsense");
        Assert.Contains("is damaged", Assert.Throws<NodeException>(() => EGoatNode.Open(new NodeOptions { DataFolder = folder })).Message, StringComparison.Ordinal);
    }

    private Task<SignalingServer> StartAsync(int port) =>
        _cleo.Node.StartSignalingAsync(new SignalingServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, port) }, Cancelled);

    private async Task<Room[]> JoinAllAsync()
    {
        Room[] rooms =
        [
            await _ada.JoinAsync(_server.Url, "ada", Cancelled),
            await _bob.JoinAsync(_server.Url, "bob", Cancelled),
            await _cleo.JoinAsync(_server.Url, "cleo", Cancelled),
        ];
        await Task.WhenAll(rooms.Select(r => r.WaitForPeersAsync(2, acceptingFiles: true, Cancelled)));
        return rooms;
    }

    private async Task<string> NextTextAsync(RoomSubscription events) =>
        ((RoomMessageReceived)await FirstAsync(events, e => e is RoomMessageReceived)).Message.Text;

    private async Task<RoomEvent> FirstAsync(RoomSubscription events, Func<RoomEvent, bool> condition)
    {
        await foreach (RoomEvent e in events.ReadAllAsync(Cancelled))
        {
            if (condition(e))
            {
                return e;
            }
        }

        throw new InvalidOperationException("The room was left.");
    }

    private static async Task<T[]> ToArrayAsync<T>(IAsyncEnumerable<T> rows)
    {
        var list = new List<T>();
        await foreach (T row in rows)
        {
            list.Add(row);
        }

        return [.. list];
    }
}
