using System.Reflection;
using System.Security.Cryptography;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>No secret outlives its use.</summary>
public sealed class SecretsTests
{
    [Fact]
    public void The_master_secret_is_zero_and_the_ephemeral_key_gone_as_soon_as_the_handshake_is_done()
    {
        var network = new SimulatedNetwork(1);
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network);
        DtlsPeer.Connect(network, A, Z);
        foreach (DtlsPeer peer in new[] { A, Z })
        {
            Handshake handshake = Field<Handshake>(peer.Connection, "_handshake");
            AssertZero(MasterSecretOf(handshake), KeySchedule.MasterSecretLength);
            Assert.Null(FindField(handshake, "_ephemeralKey").GetValue(handshake));
        }

        A.Send([1]);
        Assert.True(network.Run(() => Z.Received.Count == 1, TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void The_premaster_secret_is_zero_when_the_keys_are_derived()
    {
        using var probe = new Probe();
        byte[] premasterSecret = [.. Enumerable.Repeat((byte)7, 32)];
        probe.Derive(premasterSecret);
        AssertZero(premasterSecret, 32);
        Assert.Contains(MasterSecretOf(probe), b => b != 0);
        probe.Protection!.Dispose();
    }

    [Fact]
    public void Dispose_in_the_middle_of_a_handshake_zeroes_the_master_secret_and_disposes_of_the_keys()
    {
        // A waits for the server's Finished, which is lost.
        var network = new SimulatedNetwork(1);
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network);
        network.Filter = datagram => datagram.Bytes[0] != (byte)ContentType.ChangeCipherSpec;
        A.Connection.Start(network.Now);
        Z.Connection.Start(network.Now);
        Assert.True(network.Run(() => Z.Connection.IsConnected, TimeSpan.FromSeconds(1)));
        Handshake handshake = Field<Handshake>(A.Connection, "_handshake");
        byte[] masterSecret = MasterSecretOf(handshake);
        Assert.Contains(masterSecret, b => b != 0);
        A.Connection.Dispose();
        AssertZero(masterSecret, KeySchedule.MasterSecretLength);
        AssertKeysAreGone(handshake.Protection!);
    }

    [Fact]
    public void Dispose_disposes_of_the_ephemeral_key_that_no_peer_has_answered()
    {
        // Z has answered A's ClientHello and hears nothing more.
        var network = new SimulatedNetwork(1);
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network);
        network.Filter = datagram => datagram.Bytes[RecordHeader.EncodedLength] == (byte)HandshakeType.ClientHello;
        A.Connection.Start(network.Now);
        Z.Connection.Start(network.Now);
        network.Run(TimeSpan.FromMilliseconds(10));
        ECDiffieHellman key = Field<ECDiffieHellman>(Field<Handshake>(Z.Connection, "_handshake"), "_ephemeralKey");
        Z.Connection.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.ExportParameters(includePrivateParameters: true));
    }

    [Fact]
    public void Dispose_takes_the_record_keys_and_nothing_can_be_sealed_or_opened()
    {
        var network = new SimulatedNetwork(1);
        (DtlsPeer A, DtlsPeer Z) = DtlsPeer.CreatePair(network);
        DtlsPeer.Connect(network, A, Z);
        A.Connection.Dispose();
        A.Connection.Dispose();
        AssertKeysAreGone(Field<Handshake>(A.Connection, "_handshake").Protection!);
        Assert.Equal(DtlsState.Closed, A.Connection.State);
        Assert.Throws<InvalidOperationException>(() => A.Connection.Seal(new byte[100], 10));
        Z.Send([1]);
        network.Run(TimeSpan.FromSeconds(1));
        Assert.Empty(A.Received);
        A.Connection.Start(network.Now);
        A.Connection.HandleTimeout(network.Now);
        A.Connection.Close();
        Assert.False(A.Connection.TryPollTransmit(network.Now, new byte[2000], out _));
    }

    [Fact]
    public void A_certificate_that_is_disposed_of_has_zeroed_its_private_key()
    {
        DtlsCertificate certificate = DtlsCertificate.Create();
        byte[] privateKey = Field<byte[]>(certificate, "_privateKey");
        byte[] exported = certificate.ExportPkcs8PrivateKey();
        Assert.Equal(privateKey, exported);
        certificate.Dispose();
        AssertZero(privateKey, exported.Length);
        Assert.Contains(exported, b => b != 0);
        Assert.Throws<ObjectDisposedException>(certificate.ExportPkcs8PrivateKey);
    }

    private static void AssertKeysAreGone(RecordProtection protection)
    {
        Assert.Equal(0u, Field<uint>(protection, "_readSalt"));
        Assert.Equal(0u, Field<uint>(protection, "_writeSalt"));
        foreach (string name in new[] { "_reader", "_writer" })
        {
            RecordCipher cipher = Field<RecordCipher>(protection, name);
            Assert.Throws<ObjectDisposedException>(() => cipher.Encrypt(new byte[RecordCipher.NonceLength], [], new byte[1], new byte[RecordCipher.TagLength]));
        }
    }

    private static byte[] MasterSecretOf(Handshake handshake) =>
        (byte[])typeof(Handshake).GetProperty("MasterSecret", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(handshake)!;

    private static void AssertZero(byte[] secret, int length)
    {
        Assert.Equal(length, secret.Length);
        Assert.All(secret, b => Assert.Equal(0, b));
    }

    internal static T Field<T>(object owner, string name) => Assert.IsAssignableFrom<T>(FindField(owner, name).GetValue(owner));

    private static FieldInfo FindField(object owner, string name)
    {
        for (Type? type = owner.GetType(); type is not null; type = type.BaseType)
        {
            if (type.GetField(name, BindingFlags.Instance | BindingFlags.NonPublic) is { } field)
            {
                return field;
            }
        }

        throw new InvalidOperationException($"{owner.GetType()} has no field {name}.");
    }

    private sealed class Probe() : Handshake(DtlsPeer.CertificateA, new SeededEntropy(1), [])
    {
        public void Derive(byte[] premasterSecret) => DeriveKeys(premasterSecret, isClient: true);

        public override void Start()
        {
        }

        public override HandshakeError? Handle(HandshakeType type, byte[] message, bool isProtected) => null;
    }
}
