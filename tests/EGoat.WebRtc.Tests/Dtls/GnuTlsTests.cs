using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>Against the programs of GnuTLS in both roles.</summary>
public sealed class GnuTlsTests : ProgramPeerTests
{
    private const string Files = "--x509certfile cert.pem --x509keyfile key.pem";

    [GnuTlsFact]
    public void As_a_client_of_gnutls_with_a_P256_certificate_and_a_cookie() => RunAsClient(CreateEcdsa(ECCurve.NamedCurves.nistP256));

    [GnuTlsFact]
    public void As_a_client_of_gnutls_with_a_P384_certificate() => RunAsClient(CreateEcdsa(ECCurve.NamedCurves.nistP384));

    [GnuTlsFact]
    public void As_a_client_of_gnutls_with_an_RSA_certificate() => RunAsClient(CreateRsa());

    [GnuTlsFact]
    public void As_a_client_of_gnutls_without_a_cookie_in_small_fragments() => RunAsClient(CreateEcdsa(ECCurve.NamedCurves.nistP256), "--nocookie --mtu 300");

    [GnuTlsFact]
    public void As_a_client_of_gnutls_whose_ephemeral_key_is_on_P384() =>
        RunAsClient(CreateEcdsa(ECCurve.NamedCurves.nistP256), "--priority NORMAL:-GROUP-ALL:+GROUP-SECP384R1:+GROUP-SECP256R1:%SERVER_PRECEDENCE");

    [GnuTlsFact]
    public void As_a_server_of_gnutls_with_a_P256_certificate() => RunAsServer(CreateEcdsa(ECCurve.NamedCurves.nistP256));

    [GnuTlsFact]
    public void As_a_server_of_gnutls_with_a_P384_certificate() => RunAsServer(CreateEcdsa(ECCurve.NamedCurves.nistP384));

    [GnuTlsFact]
    public void As_a_server_of_gnutls_with_an_RSA_certificate() => RunAsServer(CreateRsa());

    [GnuTlsFact]
    public void As_a_server_of_gnutls_that_offers_DSA_in_small_fragments() =>
        RunAsServer(CreateEcdsa(ECCurve.NamedCurves.nistP256), "--mtu 300 --priority NORMAL:+SIGN-DSA-SHA256:+SIGN-DSA-SHA1");

    [GnuTlsFact]
    public void As_a_server_it_refuses_a_gnutls_without_a_certificate()
    {
        DtlsFingerprint fingerprint = CreateEcdsa(ECCurve.NamedCurves.nistP256);
        using DtlsConnection connection = Create(DtlsRole.Server, fingerprint);
        Start("gnutls-cli", $"--udp --insecure -p {LocalPort} 127.0.0.1");
        Assert.True(Drive(connection, null, () => connection.State == DtlsState.Failed && Output().Contains("alert", StringComparison.Ordinal)), Output());
        Assert.True(connection.TryPollEvent(out DtlsEvent e));
        Assert.Equal("The peer has no certificate.", e.Reason);
    }

    [GnuTlsFact]
    public void As_a_server_it_refuses_a_gnutls_whose_certificate_is_another()
    {
        DtlsFingerprint announced = CreateEcdsa(ECCurve.NamedCurves.nistP256);
        CreateEcdsa(ECCurve.NamedCurves.nistP256);
        using DtlsConnection connection = Create(DtlsRole.Server, announced);
        Start("gnutls-cli", $"--udp --insecure -p {LocalPort} {Files} 127.0.0.1");
        Assert.True(Drive(connection, null, () => connection.State == DtlsState.Failed && Output().Contains("alert", StringComparison.Ordinal)), Output());
        Assert.True(connection.TryPollEvent(out DtlsEvent e));
        Assert.Contains("fingerprint", e.Reason, StringComparison.Ordinal);
    }

    private static DtlsConnection Create(DtlsRole role, DtlsFingerprint fingerprint) =>
        new(role, DtlsPeer.CertificateA, [fingerprint], DtlsOptions.Default, new SeededEntropy(1));

    // The server returns every line.
    private void RunAsClient(DtlsFingerprint fingerprint, string options = "")
    {
        IPEndPoint server = StartServer(options);
        using DtlsConnection connection = Create(DtlsRole.Client, fingerprint);
        Assert.True(Drive(connection, server, () => connection.IsConnected), Output());
        SendRecord(connection, "from our side\n");
        Assert.True(Drive(connection, server, () => Received == "from our side\n"), Output());
        connection.Close();
        Assert.True(Drive(connection, server, () => true));
    }

    private void RunAsServer(DtlsFingerprint fingerprint, string options = "")
    {
        using DtlsConnection connection = Create(DtlsRole.Server, fingerprint);
        Process gnutls = Start("gnutls-cli", $"--udp --insecure -p {LocalPort} {Files} {options} 127.0.0.1");
        Assert.True(Drive(connection, null, () => connection.IsConnected), Output());
        SendRecord(connection, "from our side\n");
        gnutls.StandardInput.Write("from gnutls\n");
        gnutls.StandardInput.Flush();
        Assert.True(Drive(connection, null, () => Received == "from gnutls\n" && Output().Contains("from our side", StringComparison.Ordinal)), Output());
        connection.Close();
        Assert.True(Drive(connection, null, () => Output().Contains("Peer has closed", StringComparison.OrdinalIgnoreCase) || gnutls.HasExited), Output());
    }

    // gnutls-serv takes no port 0, and a free port may be taken again by another: then it ends, and the next one is tried.
    private IPEndPoint StartServer(string options)
    {
        for (int attempt = 0; attempt < 5; attempt++)
        {
            using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true };
            socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
            int port = ((IPEndPoint)socket.LocalEndPoint!).Port;
            socket.Dispose();
            Process gnutls = Start("gnutls-serv", $"--udp --echo -r -p {port} {Files} {options}");
            Assert.True(SpinWait.SpinUntil(() => gnutls.HasExited || Output().Contains($"port {port}...done", StringComparison.Ordinal), Limit), Output());
            if (!gnutls.HasExited)
            {
                return new IPEndPoint(IPAddress.Loopback, port);
            }
        }

        throw new InvalidOperationException(Output());
    }

    private DtlsFingerprint CreateEcdsa(ECCurve curve)
    {
        using ECDsa key = ECDsa.Create(curve);
        return Save(new CertificateRequest("CN=gnutls", key, HashAlgorithmName.SHA256), key);
    }

    private DtlsFingerprint CreateRsa()
    {
        using RSA key = RSA.Create(2048);
        return Save(new CertificateRequest("CN=gnutls", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), key);
    }

    private DtlsFingerprint Save(CertificateRequest request, AsymmetricAlgorithm key)
    {
        byte[] der = ForeignIdentity.SelfSign(request);
        File.WriteAllText(Path.Combine(Folder, "cert.pem"), PemEncoding.WriteString("CERTIFICATE", der));
        File.WriteAllText(Path.Combine(Folder, "key.pem"), key.ExportPkcs8PrivateKeyPem());
        return DtlsFingerprint.Compute(DtlsFingerprint.Sha256, der);
    }
}
