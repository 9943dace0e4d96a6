using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>Peers that hold the right key and break the rules: each is refused, with the alert of RFC 5246 section 7.2.2 and a reason.</summary>
public sealed class HandshakeRulesTests
{
    // ServerHello: version (0), random (2), session id (34), suite (35), compression (37), extensions (38): type (40), length.
    [Theory]
    [InlineData(HandshakeType.ServerHello, 1, 0xFF, 70, "The peer does not speak DTLS 1.2.")]
    [InlineData(HandshakeType.ServerHello, 36, 0x2C, 47, "The peer chose a cipher suite that was not offered.")]
    [InlineData(HandshakeType.ServerHello, 37, 1, 47, "The peer chose a cipher suite that was not offered.")]
    [InlineData(HandshakeType.ServerHello, 41, 0x99, 110, "The peer answered with an extension that was not offered.")]
    [InlineData(HandshakeType.ServerHello, 39, 5, 50, "The peer's ServerHello is malformed.")]
    [InlineData(HandshakeType.ServerHello, 34, 200, 50, "The peer's ServerHello is malformed.")]
    [InlineData(HandshakeType.Certificate, 0, 1, 50, "The peer's Certificate is malformed.")]
    [InlineData(HandshakeType.ServerKeyExchange, 0, 1, 47, "The peer chose a group that was not offered.")]
    [InlineData(HandshakeType.ServerKeyExchange, 2, 29, 47, "The peer chose a group that was not offered.")]
    [InlineData(HandshakeType.ServerKeyExchange, 3, 255, 50, "The peer's ServerKeyExchange is malformed.")]
    [InlineData(HandshakeType.ServerKeyExchange, 10, 0xAA, 51, "The peer does not hold the key of its certificate.")]
    internal void A_server_that_changes_a_byte_is_refused(HandshakeType message, int at, int value, int alert, string reason)
    {
        var server = new ForeignServer(ForeignIdentity.P256)
        {
            Alter = (type, body) =>
            {
                if (type == message)
                {
                    body[at] = body[at] == value ? (byte)~value : (byte)value;
                }

                return body;
            },
        };
        AssertClientRefuses(server, alert, reason);
    }

    [Theory]
    [InlineData(HandshakeType.ServerHello)]
    [InlineData(HandshakeType.Certificate)]
    [InlineData(HandshakeType.ServerKeyExchange)]
    [InlineData(HandshakeType.CertificateRequest)]
    [InlineData(HandshakeType.ServerHelloDone)]
    internal void A_server_that_adds_a_byte_is_refused(HandshakeType message) => AssertClientRefuses(
        new ForeignServer(ForeignIdentity.P256) { Alter = (type, body) => type == message ? [.. body, 0] : body },
        (int)AlertDescription.DecodeError,
        $"The peer's {message} is malformed.");

    [Fact]
    public void A_server_that_asks_for_a_certificate_twice_is_refused() =>
        AssertClientRefuses(new ForeignServer(ForeignIdentity.P256) { AsksTwice = true }, (int)AlertDescription.UnexpectedMessage, "The peer sent CertificateRequest out of turn.");

    [Theory]
    [InlineData(HandshakeType.ServerHello, HandshakeType.Certificate)]
    [InlineData(HandshakeType.Certificate, HandshakeType.ServerKeyExchange)]
    [InlineData(HandshakeType.ServerKeyExchange, HandshakeType.CertificateRequest)]
    [InlineData(HandshakeType.ServerHelloDone, HandshakeType.Finished)]
    internal void A_server_that_leaves_a_message_out_is_refused(HandshakeType message, HandshakeType next)
    {
        var server = new ForeignServer(ForeignIdentity.P256) { Alter = (type, body) => type == message ? null : body };
        if (message == HandshakeType.ServerHelloDone)
        {
            // Nothing follows: the client waits for it, and gives up.
            var network = new SimulatedNetwork(1);
            var A = new DtlsPeer(network, true, DtlsRole.Client, ForeignIdentity.P256.Fingerprint);
            var Z = new DtlsPeer(network, false, server);
            A.Connection.Start(network.Now);
            Z.Connection.Start(network.Now);
            Assert.True(network.Run(() => A.Connection.State == DtlsState.Failed, TimeSpan.FromSeconds(31)), network.Describe());
            return;
        }

        AssertClientRefuses(server, (int)AlertDescription.UnexpectedMessage, $"The peer sent {next} out of turn.");
    }

    [Theory]
    [InlineData(HandshakeType.Certificate)]
    [InlineData(HandshakeType.ClientKeyExchange)]
    [InlineData(HandshakeType.CertificateVerify)]
    internal void A_client_that_adds_a_byte_is_refused(HandshakeType message) => AssertServerRefuses(
        new ForeignClient(ForeignIdentity.P256) { Alter = (type, body) => type == message ? [.. body, 0] : body },
        (int)AlertDescription.DecodeError,
        $"The peer's {message} is malformed.");

    // ClientHello: version (0), random (2), session id (34), cookie (35), suites (36), compression methods.
    [Theory]
    [InlineData(1, 0xFF, 70, "The peer does not speak DTLS 1.2.")]
    [InlineData(0, 0x03, 70, "The peer does not speak DTLS 1.2.")]
    [InlineData(39, 0x2C, 40, "The peer does not offer ECDHE_ECDSA with AES_128_GCM_SHA256 on P-256.")]
    [InlineData(43, 1, 40, "The peer does not offer ECDHE_ECDSA with AES_128_GCM_SHA256 on P-256.")]
    [InlineData(34, 200, 50, "The peer's ClientHello is malformed.")]
    [InlineData(37, 200, 50, "The peer's ClientHello is malformed.")]
    public void A_client_that_changes_a_byte_of_its_ClientHello_is_refused(int at, byte value, int alert, string reason)
    {
        var client = new ForeignClient(ForeignIdentity.P256)
        {
            Alter = (type, body) =>
            {
                if (type == HandshakeType.ClientHello)
                {
                    body[at] = value;
                }

                return body;
            },
        };
        AssertServerRefuses(client, alert, reason);
    }

    // RFC 7983 section 7 lets only these first bytes pass; the version is the record's own.
    [Fact]
    public void A_record_of_another_protocol_is_dropped()
    {
        var network = new SimulatedNetwork(1);
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network);
        A.Connection.Start(network.Now);
        Z.Connection.Start(network.Now);
        byte[] buffer = new byte[2000];
        Assert.True(A.Connection.TryPollTransmit(network.Now, buffer, out int length));
        (buffer[1], buffer[2]) = (3, 3);
        Z.HandleDatagram(network.Now, default, default, buffer.AsSpan(0, length));
        Assert.False(Z.Connection.TryPollTransmit(network.Now, buffer, out _));
        Assert.Equal(1, Z.Connection.DroppedRecords);
    }

    private static void AssertClientRefuses(ForeignServer server, int alert, string reason)
    {
        var network = new SimulatedNetwork(1);
        AssertRefuses(network, new DtlsPeer(network, true, DtlsRole.Client, ForeignIdentity.P256.Fingerprint), new DtlsPeer(network, false, server), alert, reason);
    }

    private static void AssertServerRefuses(ForeignClient client, int alert, string reason)
    {
        var network = new SimulatedNetwork(1);
        AssertRefuses(network, new DtlsPeer(network, false, DtlsRole.Server, ForeignIdentity.P256.Fingerprint), new DtlsPeer(network, true, client), alert, reason);
    }

    private static void AssertRefuses(SimulatedNetwork network, DtlsPeer engine, DtlsPeer foreign, int alert, string reason)
    {
        engine.Connection.Start(network.Now);
        foreign.Connection.Start(network.Now);
        Assert.True(network.Run(() => engine.Connection.State == DtlsState.Failed && foreign.Connection.State == DtlsState.Failed, TimeSpan.FromSeconds(5)), network.Describe());
        Assert.Equal(reason, Assert.Single(engine.Events).Reason);
        Assert.StartsWith($"The peer ended the DTLS connection: alert {alert} ", foreign.Events[^1].Reason, StringComparison.Ordinal);
    }
}
