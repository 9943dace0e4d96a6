using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>Alerts and messages that nobody asked for, in every state of a handshake.</summary>
public sealed class HandshakeStateTests
{
    private readonly SimulatedNetwork _network = new(1);
    private readonly DtlsPeer _a;
    private readonly DtlsPeer _z;

    public HandshakeStateTests() => (_a, _z) = DtlsPeer.CreatePair(_network);

    /// <summary>How many flights have arrived, and who is told; both are connecting.</summary>
    public static TheoryData<int, bool> Steps()
    {
        var data = new TheoryData<int, bool>();
        for (int flights = 0; flights <= 2; flights++)
        {
            data.Add(flights, true);
            data.Add(flights, false);
        }

        data.Add(3, true); // Z is connected then
        return data;
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void A_fatal_alert_ends_the_handshake_with_its_number(int flights, bool toClient)
    {
        DtlsPeer told = RunFlights(flights, toClient);
        told.HandleDatagram(_network.Now, default, default, Unprotected(ContentType.Alert, [(byte)AlertLevel.Fatal, (byte)AlertDescription.HandshakeFailure]));
        Assert.Equal(DtlsState.Failed, told.Connection.State);
        Assert.Equal("The peer ended the DTLS connection: alert 40 (HandshakeFailure).", Assert.Single(told.Events).Reason);
        Assert.Null(told.Connection.NextTimeout);
        Assert.False(told.Connection.TryPollTransmit(_network.Now, new byte[2000], out _));
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void A_close_notify_is_answered_and_ends_the_handshake(int flights, bool toClient)
    {
        DtlsPeer told = RunFlights(flights, toClient);
        Drain(told);
        told.HandleDatagram(_network.Now, default, default, Unprotected(ContentType.Alert, [(byte)AlertLevel.Warning, (byte)AlertDescription.CloseNotify]));
        Assert.Equal((DtlsState.Closed, DtlsEventKind.Closed), (told.Connection.State, Assert.Single(told.Events).Kind));
        Assert.True(told.Connection.TryPollTransmit(_network.Now, new byte[2000], out int length));
        Assert.InRange(length, RecordHeader.EncodedLength + 2, DtlsConnection.RecordOverhead + 2);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void A_warning_and_a_HelloRequest_do_nothing_to_a_handshake(int flights, bool toClient)
    {
        DtlsPeer told = RunFlights(flights, toClient);
        told.HandleDatagram(_network.Now, default, default, Unprotected(ContentType.Alert, [(byte)AlertLevel.Warning, 90]));
        for (int sequence = 0; sequence < 8; sequence++)
        {
            // RFC 5246 section 7.4.1.1: ignored while a handshake is under way.
            told.HandleDatagram(_network.Now, default, default, Unprotected(ContentType.Handshake, Message(HandshakeType.HelloRequest, sequence)));
        }

        Assert.True(_network.Run(() => _a.Connection.IsConnected && _z.Connection.IsConnected, TimeSpan.FromMilliseconds(50)), _network.Describe());
    }

    [Fact]
    public void An_alert_before_the_path_is_known_is_dropped()
    {
        _z.HandleDatagram(_network.Now, default, default, Unprotected(ContentType.Alert, [(byte)AlertLevel.Fatal, (byte)AlertDescription.HandshakeFailure]));
        Assert.Equal((DtlsState.New, 1), (_z.Connection.State, _z.Connection.DroppedRecords));
        DtlsPeer.Connect(_network, _a, _z);
    }

    /// <summary>The next message that each side waits for, and one of every other type in its place.</summary>
    [Theory]
    [InlineData(0, true, HandshakeType.ServerHello)]
    [InlineData(0, false, HandshakeType.ClientHello)]
    [InlineData(1, false, HandshakeType.Certificate)]
    internal void A_message_out_of_turn_ends_the_handshake_with_unexpected_message(int flights, bool toClient, HandshakeType expected)
    {
        foreach (HandshakeType type in Enum.GetValues<HandshakeType>())
        {
            if (type == expected || type == HandshakeType.HelloRequest || (toClient && type == HandshakeType.HelloVerifyRequest))
            {
                continue;
            }

            var test = new HandshakeStateTests();
            DtlsPeer told = test.RunFlights(flights, toClient);
            Drain(told);
            told.HandleDatagram(test._network.Now, default, default, Unprotected(ContentType.Handshake, Message(type, flights == 0 ? 0 : 1)));
            Assert.Equal(DtlsState.Failed, told.Connection.State);
            byte[] alert = Assert.Single(Drain(told));
            Assert.Equal([(byte)AlertLevel.Fatal, (byte)AlertDescription.UnexpectedMessage], alert[RecordHeader.EncodedLength..]);
        }
    }

    [Fact]
    public void A_second_ClientHello_in_the_middle_of_a_handshake_begins_no_other()
    {
        _a.Connection.Start(_network.Now);
        _z.Connection.Start(_network.Now);
        byte[] hello = Assert.Single(Drain(_a));
        _z.HandleDatagram(_network.Now, default, default, [.. hello]);
        byte[] answer = FirstMessage(Drain(_z));
        hello[RecordHeader.EncodedLength + HandshakeHeader.EncodedLength + 5] ^= 1; // another random, the same number
        _network.Run(TimeSpan.FromMilliseconds(200));
        _z.HandleDatagram(_network.Now, default, default, hello);
        Assert.Equal(answer, FirstMessage(Drain(_z)));
    }

    // RFC 5246 section 7.4.9: the first message under the new keys. Right and unprotected it proves less.
    [Fact]
    public void A_Finished_that_is_not_protected_is_refused()
    {
        var network = new SimulatedNetwork(1);
        var A = new DtlsPeer(network, true, new ForeignClient(ForeignIdentity.P256) { FinishedEpoch = 0 });
        var Z = new DtlsPeer(network, false, DtlsRole.Server, ForeignIdentity.P256.Fingerprint);
        A.Connection.Start(network.Now);
        Z.Connection.Start(network.Now);
        Assert.True(network.Run(() => Z.Connection.State == DtlsState.Failed, TimeSpan.FromSeconds(1)), network.Describe());
        Assert.Equal("The peer's Finished is wrong: somebody has changed the handshake.", Assert.Single(Z.Events).Reason);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(0xFFFF)]
    public void A_ClientHello_of_another_epoch_is_dropped(int epoch)
    {
        _a.Connection.Start(_network.Now);
        _z.Connection.Start(_network.Now);
        byte[] hello = Assert.Single(Drain(_a));
        (hello[3], hello[4]) = ((byte)(epoch >> 8), (byte)epoch);
        _z.HandleDatagram(_network.Now, default, default, hello);
        Assert.Empty(Drain(_z));
        Assert.Equal(1, _z.Connection.DroppedRecords);
    }

    [Fact]
    public void A_ClientHello_in_records_of_one_byte_in_any_order_is_answered()
    {
        _a.Connection.Start(_network.Now);
        _z.Connection.Start(_network.Now);
        byte[] hello = Assert.Single(Drain(_a))[(RecordHeader.EncodedLength + HandshakeHeader.EncodedLength)..];
        int[] order = [.. Enumerable.Range(0, hello.Length)];
        new Random(1).Shuffle(order);
        foreach (int at in order)
        {
            Assert.Empty(Drain(_z));
            byte[] message = new byte[HandshakeHeader.EncodedLength + 1];
            new HandshakeHeader(HandshakeType.ClientHello, hello.Length, 0, at, 1).Write(message);
            message[^1] = hello[at];
            _z.HandleDatagram(_network.Now, default, default, Unprotected(ContentType.Handshake, message));
        }

        Assert.NotEmpty(Drain(_z));
    }

    [Fact]
    public void Numbers_at_the_edge_of_the_replay_window_are_told_apart()
    {
        var window = new ReplayWindow();
        const ulong newest = 10_000;
        window.Mark(newest);
        Assert.False(window.IsNew(newest));
        Assert.True(window.IsNew(newest - ReplayWindow.Size + 1));
        Assert.False(window.IsNew(newest - ReplayWindow.Size));
        window.Mark(newest - ReplayWindow.Size + 1);
        Assert.False(window.IsNew(newest - ReplayWindow.Size + 1));
        window.Mark(newest + 1);
        Assert.False(window.IsNew(newest - ReplayWindow.Size + 1));
        Assert.True(window.IsNew(newest - ReplayWindow.Size + 2));
        window.Mark(RecordHeader.MaxSequence);
        Assert.False(window.IsNew(RecordHeader.MaxSequence));
        Assert.True(window.IsNew(RecordHeader.MaxSequence - 1));
        Assert.False(window.IsNew(newest + 2));
    }

    private static byte[] FirstMessage(List<byte[]> datagrams)
    {
        Assert.True(RecordHeader.TryParse(datagrams[0], out RecordHeader header));
        return datagrams[0].AsSpan(RecordHeader.EncodedLength, header.Length).ToArray();
    }

    private static byte[] Message(HandshakeType type, int sequence)
    {
        byte[] message = new byte[HandshakeHeader.EncodedLength];
        new HandshakeHeader(type, 0, (ushort)sequence, 0, 0).Write(message);
        return message;
    }

    private static byte[] Unprotected(ContentType type, byte[] content)
    {
        byte[] record = new byte[RecordHeader.EncodedLength + content.Length];
        new RecordHeader(type, DtlsVersion.Dtls12, 0, 1000, content.Length).Write(record);
        content.CopyTo(record, RecordHeader.EncodedLength);
        return record;
    }

    // Those of the peer that have not gone to the network.
    private static List<byte[]> Drain(DtlsPeer peer)
    {
        var datagrams = new List<byte[]>();
        byte[] buffer = new byte[2000];
        while (peer.Connection.TryPollTransmit(default, buffer, out int length))
        {
            datagrams.Add(buffer[..length]);
        }

        return datagrams;
    }

    private DtlsPeer RunFlights(int flights, bool toClient)
    {
        _a.Connection.Start(_network.Now);
        _z.Connection.Start(_network.Now);
        _network.Run(TimeSpan.FromMilliseconds(flights)); // a flight takes one
        return toClient ? _a : _z;
    }
}
