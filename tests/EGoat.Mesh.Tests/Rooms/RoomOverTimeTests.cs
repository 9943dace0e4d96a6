using System.Net;
using EGoat.Keys;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.Mesh.Tests.Rooms;

/// <summary>Whole rooms over minutes, in virtual time: whoever was lost is met again, and every text has its outcome.</summary>
[Collection(InVirtualTime.Name)]
public sealed class RoomOverTimeTests : IAsyncLifetime
{
    // Networks for documentation (RFC 5737, RFC 3849).
    private const string IPv4 = "192.0.2.";
    private const string IPv6 = "2001:db8::";

    /// <summary>After the end of whatever was wrong, everything is well again within this time.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly VirtualTime _time = new(1, new NetworkConditions { Latency = TimeSpan.FromMilliseconds(20) });
    private readonly List<DtlsCertificate> _certificates = [];
    private readonly List<VirtualMember> _members = [];
    private readonly MemoryServer _server;
    private VirtualMember _ada = null!;
    private VirtualMember _bob = null!;
    private int _hosts = 50;

    public RoomOverTimeTests() => _server = new MemoryServer(_time);

    public Task InitializeAsync() => MeetAsync(adasId: 'a');

    // Which of two offers depends on their ids, so that what may go wrong is tried with either.
    private async Task MeetAsync(char adasId, string prefix = IPv4)
    {
        foreach (VirtualMember member in _members)
        {
            await member.DisposeAsync();
        }

        _members.Clear();
        _ada = await JoinAsync("ada", $"{prefix}{++_hosts}", id: new string(adasId, 26));
        _bob = await JoinAsync("bob", $"{prefix}{++_hosts}", id: new string('m', 26));
        await _time.AdvanceUntilAsync(() => _ada.IsConnectedTo(1) && _bob.IsConnectedTo(1), Limit);
    }

    public async Task DisposeAsync()
    {
        foreach (VirtualMember member in _members)
        {
            await member.DisposeAsync();
        }

        _certificates.ForEach(c => c.Dispose());
    }

    [Theory]
    [InlineData(10, 'a')]
    [InlineData(20, 'a')]
    [InlineData(50, 'a')]
    [InlineData(180, 'a')]
    [InlineData(10, 'z')]
    [InlineData(20, 'z')]
    [InlineData(50, 'z')]
    [InlineData(180, 'z')]
    public async Task A_member_whose_traffic_is_dropped_meets_everybody_again(int seconds, char adasId)
    {
        await MeetAsync(adasId);
        _bob.IsCutOff = true;
        await SendAsync(_ada, "to bob");
        await SendAsync(_bob, "to ada");
        await _time.AdvanceAsync(TimeSpan.FromSeconds(seconds));
        _bob.IsCutOff = false;
        await ExpectRecoveryAsync();
        await _time.AdvanceUntilAsync(() => Has(_bob, "to bob") && Has(_ada, "to ada"), Recovery);
        await ExpectNewcomerSeesEverybodyAsync();
    }

    [Theory]
    [InlineData('a')]
    [InlineData('z')]
    public async Task A_process_that_was_stopped_for_a_minute_meets_everybody_again(char adasId)
    {
        await MeetAsync(adasId);
        _bob.Freeze();
        await SendAsync(_ada, "meanwhile");
        await _time.AdvanceAsync(TimeSpan.FromSeconds(60));
        _bob.Continue();
        await ExpectRecoveryAsync();
        await _time.AdvanceUntilAsync(() => Has(_bob, "meanwhile"), Recovery);
        await ExpectNewcomerSeesEverybodyAsync();
    }

    [Theory]
    [InlineData(12)]
    [InlineData(40)]
    [InlineData(120)]
    public async Task A_server_that_stood_still_or_began_anew_changes_nothing_between_members(int seconds)
    {
        _server.IsFrozen = true;
        SentMessage sent = await SendAsync(_ada, "without a server");
        await _time.AdvanceAsync(TimeSpan.FromSeconds(seconds));
        Assert.Equal(EGoatDeliveryState.Confirmed, Assert.Single(await sent.Outcome).State);
        _server.IsFrozen = false;
        _server.Restart();
        await _time.AdvanceUntilAsync(() => _ada.Room.State == EGoatRoomState.Joined && _bob.Room.State == EGoatRoomState.Joined && _server.Hub.Rooms is [(_, 2)], Recovery);
        await ExpectRecoveryAsync();
        await ExpectNewcomerSeesEverybodyAsync();
    }

    [Theory]
    [InlineData(true, IPv4)]
    [InlineData(false, IPv4)]
    [InlineData(true, IPv6)]
    [InlineData(false, IPv6)]
    public async Task A_member_whose_address_changes_stays_connected(bool isOldGoneFirst, string prefix)
    {
        await MeetAsync(adasId: 'a', prefix);
        string connectedAt = $"{Assert.Single(_ada.Room.Peers).ConnectedAt:O}";
        if (!isOldGoneFirst)
        {
            _bob.Host.ChangeAddresses($"{prefix}{_hosts}", $"{prefix}22");
            await _time.AdvanceAsync(TimeSpan.FromSeconds(5));
        }

        _bob.Host.ChangeAddresses($"{prefix}22");
        SentMessage sent = await SendAsync(_ada, "at your new address");
        await _time.AdvanceUntilAsync(sent.Outcome, Recovery);
        await ExpectRecoveryAsync();
        EGoatPeer bob = Assert.Single(_ada.Room.Peers);
        Assert.Equal(connectedAt, $"{bob.ConnectedAt:O}");
        Assert.Equal(IPAddress.Parse($"{prefix}22"), IPEndPoint.Parse(bob.Address).Address);
    }

    [Theory]
    [InlineData('a')]
    [InlineData('z')]
    public async Task New_ways_to_everybody_are_looked_for_as_soon_as_the_server_is_reached_from_a_new_address(char adasId)
    {
        await MeetAsync(adasId);
        _bob.MoveTo();
        await _time.AdvanceAsync(TimeSpan.FromSeconds(1));
        _bob.MoveTo($"{IPv4}22");
        SentMessage sent = await SendAsync(_ada, "at your new address");

        // Sooner than either side would find the other silent.
        await _time.AdvanceUntilAsync(sent.Outcome, TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task What_a_recipient_that_crashed_did_not_confirm_waits_and_goes_out_once_when_its_identity_is_back()
    {
        DtlsCertificate bobs = _certificates[1];
        _bob.IsCutOff = true;
        SentMessage sent = await _time.AdvanceUntilAsync(_ada.Room.SendTextAsync("are you there?", to: "bob"), Limit);
        EGoatDelivery waiting = Assert.Single(await _time.AdvanceUntilAsync(sent.Outcome, TimeSpan.FromMinutes(2)));
        Assert.Equal((EGoatDeliveryState.Waiting, "bob", "'bob' left before confirming it."), (waiting.State, waiting.Peer, waiting.Reason));
        Assert.Equal(waiting, Assert.Single(_ada.Room.Unconfirmed));

        // The sender begins anew too: what waits is in its store.
        VirtualMember again = await JoinAsync("ada", "192.0.2.11", _certificates[0], _ada.Store);
        VirtualMember back = await JoinAsync("bob", "192.0.2.12", bobs, _bob.Store);
        await _time.AdvanceUntilAsync(() => Has(back, "are you there?"), Limit);
        await _time.AdvanceUntilAsync(() => Assert.Single(_ada.Store.Deliveries).State == EGoatDeliveryState.Confirmed, Limit);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(5));
        Assert.Single(back.Shown, "are you there?");
        Assert.True(Assert.Single(back.Store.Messages).Private);
        Assert.Empty(again.Room.Unconfirmed);
    }

    [Fact]
    public async Task A_member_that_leaves_gives_what_it_has_not_confirmed_its_outcome_at_once()
    {
        _bob.Store.Hang();
        SentMessage sent = await SendAsync(_ada, "wait");
        await _time.AdvanceUntilAsync(() => Has(_bob, "wait"), Limit);
        Assert.False(sent.Outcome.IsCompleted);
        Task leaving = _bob.Room.LeaveAsync(new CancellationToken(canceled: true));
        Assert.Equal(EGoatDeliveryState.Waiting, Assert.Single(await _time.AdvanceUntilAsync(sent.Outcome, TimeSpan.FromSeconds(3))).State);
        _bob.Store.GoOn();
        await _time.AdvanceUntilAsync(leaving, Limit);
    }

    [Fact]
    public async Task A_receipt_that_was_lost_on_the_way_is_repeated_before_its_sender_is_gone()
    {
        _bob.Store.Hang();
        SentMessage sent = await SendAsync(_ada, "quick");
        await _time.AdvanceUntilAsync(() => Has(_bob, "quick"), Limit);
        _bob.IsCutOff = true;
        _bob.Store.GoOn();
        await _time.AdvanceUntilAsync(() => _bob.Store.Messages.Count == 1, Limit);
        Task leaving = _bob.Room.LeaveAsync(new CancellationToken(canceled: true));
        await _time.AdvanceAsync(TimeSpan.FromMilliseconds(60));
        _bob.IsCutOff = false;
        await _time.AdvanceUntilAsync(leaving, Limit);
        Assert.Equal(EGoatDeliveryState.Confirmed, Assert.Single(await _time.AdvanceUntilAsync(sent.Outcome, Limit)).State);
    }

    [Fact]
    public async Task A_text_is_confirmed_when_it_is_stored_and_not_before_and_is_shown_all_the_same()
    {
        _bob.Store.Failure = new IOException("The disk is full.");
        SentMessage sent = await SendAsync(_ada, "hello");
        await _time.AdvanceUntilAsync(() => Has(_bob, "hello"), Limit);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(40));
        Assert.False(sent.Outcome.IsCompleted);
        _bob.Store.Failure = null;
        Assert.Equal(EGoatDeliveryState.Confirmed, Assert.Single(await _time.AdvanceUntilAsync(sent.Outcome, TimeSpan.FromSeconds(20))).State);
        Assert.Equal("hello", Assert.Single(_bob.Store.Messages).Text);
        Assert.Single(_bob.Shown, "hello");
    }

    [Fact]
    public async Task Texts_that_were_on_their_way_when_the_connection_broke_arrive_in_order_and_once()
    {
        _bob.IsCutOff = true;
        for (int i = 0; i < 20; i++)
        {
            await SendAsync(_ada, $"{i}");
        }

        await _time.AdvanceAsync(TimeSpan.FromSeconds(40));
        _bob.IsCutOff = false;
        await _time.AdvanceUntilAsync(() => _bob.Shown.Count >= 20, Limit);
        await _time.AdvanceAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), _bob.Shown);
        Assert.Equal(_bob.Shown, _bob.Store.Messages.Select(m => m.Text));
    }

    [Fact]
    public async Task Two_processes_of_one_identity_each_get_what_is_sent_to_all()
    {
        VirtualMember second = await JoinAsync("bob", "192.0.2.3", _certificates[1], _bob.Store);
        await _time.AdvanceUntilAsync(() => _ada.IsConnectedTo(2) && second.IsConnectedTo(2), Limit);
        SentMessage sent = await SendAsync(_ada, "to both");
        IReadOnlyList<EGoatDelivery> outcome = await _time.AdvanceUntilAsync(sent.Outcome, Limit);
        Assert.Equal([EGoatDeliveryState.Confirmed, EGoatDeliveryState.Confirmed], outcome.Select(d => d.State));
        await _time.AdvanceUntilAsync(() => Has(_bob, "to both") && Has(second, "to both"), Limit);
    }

    [Fact]
    public async Task Leaving_returns_what_nobody_has_confirmed()
    {
        _bob.Store.Hang();
        await SendAsync(_ada, "unheard");
        IReadOnlyList<EGoatDelivery> missing = await _time.AdvanceUntilAsync(_ada.Room.LeaveAsync(), Limit);
        Assert.Equal("'bob' had not confirmed it when the room was left.", Assert.Single(missing).Reason);
        _bob.Store.GoOn();
    }

    private static bool Has(VirtualMember member, string text)
    {
        lock (member.Shown)
        {
            return member.Shown.Contains(text);
        }
    }

    private async Task<VirtualMember> JoinAsync(string name, string address, DtlsCertificate? certificate = null, MemoryStore? store = null, string? id = null)
    {
        if (certificate is null)
        {
            certificate = DtlsCertificate.Create();
            _certificates.Add(certificate);
        }

        var member = new VirtualMember(_time, _server, certificate, name, address, store) { PeerId = id ?? Base32.NewId() };
        _members.Add(member);
        await member.JoinAsync();
        return member;
    }

    private async Task<SentMessage> SendAsync(VirtualMember from, string text) => await _time.AdvanceUntilAsync(from.Room.SendTextAsync(text), Limit);

    private Task ExpectRecoveryAsync() => _time.AdvanceUntilAsync(() => _ada.IsConnectedTo(1) && _bob.IsConnectedTo(1), Recovery);

    private async Task ExpectNewcomerSeesEverybodyAsync()
    {
        VirtualMember cleo = await JoinAsync("cleo", "192.0.2.3");
        await _time.AdvanceUntilAsync(() => cleo.IsConnectedTo(2) && _ada.IsConnectedTo(2) && _bob.IsConnectedTo(2), Limit);
    }
}
