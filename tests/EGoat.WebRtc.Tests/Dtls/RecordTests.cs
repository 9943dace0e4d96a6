using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>Records that are not what they should be, alerts, and renegotiation, on a connection that stands.</summary>
public sealed class RecordTests
{
    private readonly SimulatedNetwork _network = new(1);
    private readonly DtlsPeer _a;
    private readonly DtlsPeer _z;

    public RecordTests() => (_a, _z) = DtlsPeer.CreatePair(_network);

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(0xFFFF)]
    public void A_record_of_another_epoch_is_dropped_and_counted(int epoch)
    {
        Connect();
        byte[] record = SealFromA([1, 2, 3]);
        (record[3], record[4]) = ((byte)(epoch >> 8), (byte)epoch);
        AssertDropped(record);
    }

    [Fact]
    public void A_replayed_record_is_dropped_and_counted()
    {
        Connect();
        byte[] record = SealFromA([1]);
        byte[] again = [.. record];
        Deliver(record);
        Assert.Equal([1], Assert.Single(_z.Received));
        AssertDropped(again, received: 1);
    }

    [Fact]
    public void A_changed_bit_anywhere_in_a_record_keeps_it_out()
    {
        Connect();
        byte[] original = SealFromA([1, 2, 3]);
        for (int bit = 0; bit < original.Length * 8; bit++)
        {
            byte[] record = [.. original];
            record[bit / 8] ^= (byte)(1 << (bit % 8));
            AssertDropped(record);
        }

        Deliver([.. original]);
        Assert.Equal([1, 2, 3], Assert.Single(_z.Received));
    }

    [Fact]
    public void A_record_of_any_shorter_length_is_dropped()
    {
        Connect();
        byte[] original = SealFromA([1, 2, 3]);
        for (int length = 1; length < original.Length; length++)
        {
            AssertDropped(original[..length]);
            if (length >= RecordHeader.EncodedLength)
            {
                // The header agrees with what is there.
                byte[] record = original[..length];
                record[12] = (byte)(length - RecordHeader.EncodedLength);
                AssertDropped(record);
            }
        }
    }

    [Fact]
    public void The_records_before_and_after_one_that_is_dropped_are_read()
    {
        Connect();
        byte[] damaged = SealFromA([2]);
        damaged[^1] ^= 1;
        Deliver([.. SealFromA([1]), .. damaged, .. SealFromA([3])]);
        Assert.Equal([[1], [3]], _z.Received);
    }

    [Theory]
    [InlineData((byte)AlertLevel.Warning, 90)]
    [InlineData((byte)AlertLevel.Warning, (byte)AlertDescription.NoRenegotiation)]
    [InlineData(0, 40)]
    [InlineData(200, 40)]
    public void A_warning_and_an_unknown_level_do_nothing(byte level, byte description)
    {
        Connect();
        Deliver(SealFromA(ContentType.Alert, [level, description]));
        Assert.True(_z.Connection.IsConnected);
    }

    [Fact]
    public void A_fatal_alert_fails_the_connection_once_with_its_number()
    {
        Connect();
        byte[] first = SealFromA(ContentType.Alert, [(byte)AlertLevel.Fatal, (byte)AlertDescription.InternalError]);
        byte[] second = SealFromA(ContentType.Alert, [(byte)AlertLevel.Fatal, (byte)AlertDescription.InternalError]);
        Deliver([.. first, .. second]);
        Assert.Equal(DtlsState.Failed, _z.Connection.State);
        Assert.Equal(2, _z.Events.Count);
        Assert.Contains("alert 80", _z.Events[1].Reason, StringComparison.Ordinal);
        Assert.False(_z.Connection.TryPollTransmit(_network.Now, new byte[2000], out _));
    }

    [Fact]
    public void Alerts_of_any_other_length_than_two_are_dropped()
    {
        Connect();
        foreach (byte[] alert in (byte[][])[[], [2], [2, 40, 0], [2, 40, 2, 40]])
        {
            AssertDropped(SealFromA(ContentType.Alert, alert));
        }
    }

    [Fact]
    public void A_close_notify_is_answered_with_one_and_nothing_is_read_after_it()
    {
        Connect();
        byte[] closeNotify = SealFromA(ContentType.Alert, [(byte)AlertLevel.Warning, (byte)AlertDescription.CloseNotify]);
        Deliver([.. closeNotify, .. SealFromA([1])]);
        Assert.Empty(_z.Received);
        Assert.Equal(DtlsState.Closed, _z.Connection.State);
        Assert.True(_network.Run(() => _a.Connection.State == DtlsState.Closed, TimeSpan.FromSeconds(1)), _network.Describe());
        long sent = _network.Count.Sent;
        _network.Run(TimeSpan.FromMinutes(1));
        Assert.Equal(sent, _network.Count.Sent);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Close_in_the_middle_of_a_handshake_reaches_the_peer(bool ofClient)
    {
        _a.Connection.Start(_network.Now);
        _z.Connection.Start(_network.Now);
        _network.Run(() => _network.Count.Sent >= 2, TimeSpan.FromSeconds(1));
        (DtlsPeer closing, DtlsPeer other) = ofClient ? (_a, _z) : (_z, _a);
        closing.Connection.Close();
        Assert.True(_network.Run(() => other.Connection.State == DtlsState.Closed, TimeSpan.FromSeconds(1)), _network.Describe());
        Assert.Equal(DtlsEventKind.Closed, Assert.Single(other.Events).Kind);
        Assert.Null(closing.Connection.NextTimeout);
    }

    [Fact]
    public void Close_before_the_start_sends_nothing_and_the_connection_cannot_start()
    {
        _a.Connection.Close();
        _a.Connection.Start(_network.Now);
        Assert.Equal(DtlsState.Closed, _a.Connection.State);
        Assert.False(_a.Connection.TryPollTransmit(_network.Now, new byte[2000], out _));
    }

    [Theory]
    [InlineData(HandshakeType.ClientHello, 0, true)]
    [InlineData(HandshakeType.ClientHello, 5, true)]
    [InlineData(HandshakeType.Finished, 9, true)]
    [InlineData(HandshakeType.HelloRequest, 0, false)]
    [InlineData(HandshakeType.HelloRequest, 6, false)]
    internal void Renegotiation_is_refused_with_one_warning_and_the_connection_goes_on(HandshakeType type, int sequence, bool byClient)
    {
        // RFC 6347 section 4.2.2 lets the new handshake count from zero; some stacks go on counting.
        Connect();
        (DtlsPeer asking, DtlsPeer asked) = byClient ? (_a, _z) : (_z, _a);
        byte[] message = new byte[HandshakeHeader.EncodedLength];
        new HandshakeHeader(type, 0, (ushort)sequence, 0, 0).Write(message);
        var lengths = new List<int>();
        _network.Filter = datagram =>
        {
            lengths.Add(datagram.Bytes.Length);
            return true;
        };
        for (int i = 0; i < 3; i++)
        {
            asked.HandleDatagram(_network.Now, default, default, Seal(asking, ContentType.Handshake, message));
            _network.Run(TimeSpan.FromSeconds(1));
        }

        Assert.Equal([DtlsConnection.RecordOverhead + 2], lengths);
        asked.Send([7]);
        asking.Send([8]);
        _network.Run(TimeSpan.FromSeconds(1));
        Assert.Equal([7], Assert.Single(asking.Received));
        Assert.Equal([8], Assert.Single(asked.Received));
    }

    [Fact]
    public void A_forged_unprotected_Finished_that_overtakes_the_true_one_does_not_harm()
    {
        // Of two messages with one number, the protected one counts; the forged one only fills the place of the true one.
        _network.Filter = datagram => datagram.Bytes[0] != (byte)ContentType.ChangeCipherSpec;
        _a.Connection.Start(_network.Now);
        _z.Connection.Start(_network.Now);
        Assert.True(_network.Run(() => _z.Connection.IsConnected, TimeSpan.FromSeconds(1)));
        byte[] forged = new byte[RecordHeader.EncodedLength + HandshakeHeader.EncodedLength + 4];
        new RecordHeader(ContentType.Handshake, DtlsVersion.Dtls12, 0, 99, HandshakeHeader.EncodedLength + 4).Write(forged);
        new HandshakeHeader(HandshakeType.Finished, 12, 5, 0, 4).Write(forged.AsSpan(RecordHeader.EncodedLength));
        _a.HandleDatagram(_network.Now, default, default, forged);
        _network.Filter = null;
        Assert.True(_network.Run(() => _a.Connection.IsConnected, TimeSpan.FromSeconds(2)), _network.Describe());
    }

    private void Connect()
    {
        DtlsPeer.Connect(_network, _a, _z);
        _network.Run(TimeSpan.FromSeconds(1));
    }

    private byte[] SealFromA(byte[] payload) => Seal(_a, ContentType.ApplicationData, payload);

    private byte[] SealFromA(ContentType type, byte[] payload) => Seal(_a, type, payload);

    // With the next number of the peer's own, whatever the type.
    private static byte[] Seal(DtlsPeer peer, ContentType type, byte[] payload)
    {
        byte[] record = new byte[payload.Length + DtlsConnection.RecordOverhead];
        payload.CopyTo(record, DtlsConnection.RecordHeaderLength);
        peer.Connection.Seal(record, payload.Length);
        if (type == ContentType.ApplicationData)
        {
            return record;
        }

        Assert.True(RecordHeader.TryParse(record, out RecordHeader header));
        payload.CopyTo(record, DtlsConnection.RecordHeaderLength);
        Handshake handshake = SecretsTests.Field<Handshake>(peer.Connection, "_handshake");
        handshake.Protection!.Seal(type, header.EpochAndSequence, record, payload.Length);
        return record;
    }

    private void Deliver(byte[] datagram) => _z.HandleDatagram(_network.Now, default, default, datagram);

    private void AssertDropped(byte[] record, int received = 0)
    {
        long before = _z.Connection.DroppedRecords;
        Deliver(record);
        Assert.Equal(received, _z.Received.Count);
        Assert.True(_z.Connection.IsConnected);
        Assert.InRange(_z.Connection.DroppedRecords, before + 1, before + 2); // what follows a shortened record is one too
    }
}
