using System.Diagnostics;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>Against openssl in both roles.</summary>
public sealed partial class OpenSslTests : ProgramPeerTests
{
    private const string EcP256 = "ec -pkeyopt ec_paramgen_curve:P-256";
    private const string EcP384 = "ec -pkeyopt ec_paramgen_curve:P-384";
    private const string Rsa = "rsa:2048";

    [ProgramFact("openssl")]
    public void As_a_client_of_openssl_with_a_P256_certificate() => RunAsClient(EcP256);

    [ProgramFact("openssl")]
    public void As_a_client_of_openssl_with_a_P384_certificate() => RunAsClient(EcP384);

    [ProgramFact("openssl")]
    public void As_a_client_of_openssl_with_an_RSA_certificate() => RunAsClient(Rsa);

    [ProgramFact("openssl")]
    public void As_a_client_of_an_openssl_that_demands_a_cookie_and_sends_small_fragments() => RunAsClient(EcP256, "-mtu 300");

    [ProgramFact("openssl")]
    public void As_a_server_of_openssl_with_a_P256_certificate() => RunAsServer(EcP256);

    [ProgramFact("openssl")]
    public void As_a_server_of_openssl_with_a_P384_certificate() => RunAsServer(EcP384);

    [ProgramFact("openssl")]
    public void As_a_server_of_openssl_with_an_RSA_certificate() => RunAsServer(Rsa);

    [ProgramFact("openssl")]
    public void As_a_server_of_openssl_with_small_fragments() => RunAsServer(EcP256, "-mtu 300");

    [ProgramFact("openssl")]
    public void As_a_server_it_refuses_an_openssl_without_a_certificate()
    {
        DtlsFingerprint fingerprint = CreateCertificate(EcP256);
        using var connection = new DtlsConnection(DtlsRole.Server, DtlsPeer.CertificateA, [fingerprint], DtlsOptions.Default, new SeededEntropy(1));
        Start("openssl", $"s_client -dtls1_2 -connect 127.0.0.1:{LocalPort}");
        Assert.True(Drive(connection, null, () => connection.State == DtlsState.Failed), Output());
        Assert.True(connection.TryPollEvent(out DtlsEvent e));
        Assert.Equal("The peer has no certificate.", e.Reason);
    }

    [ProgramFact("openssl")]
    public void As_a_server_it_refuses_to_renegotiate_with_openssl()
    {
        DtlsFingerprint fingerprint = CreateCertificate(EcP256);
        using var connection = new DtlsConnection(DtlsRole.Server, DtlsPeer.CertificateA, [fingerprint], DtlsOptions.Default, new SeededEntropy(1));
        Process openssl = Start("openssl", $"s_client -dtls1_2 -connect 127.0.0.1:{LocalPort} -cert cert.pem -key key.pem");
        Assert.True(Drive(connection, null, () => connection.IsConnected), Output());
        openssl.StandardInput.Write("R\n");
        openssl.StandardInput.Flush();
        Assert.True(Drive(connection, null, () => Output().Contains("no renegotiation", StringComparison.OrdinalIgnoreCase)), Output());
    }

    [GeneratedRegex(@"ACCEPT 127\.0\.0\.1:(\d+)")]
    private static partial Regex AcceptPattern();

    private void RunAsClient(string keyType, string options = "")
    {
        DtlsFingerprint fingerprint = CreateCertificate(keyType);
        Process openssl = Start("openssl", $"s_server -dtls1_2 -accept 127.0.0.1:0 -cert cert.pem -key key.pem -Verify 1 {options}");
        Assert.True(SpinWait.SpinUntil(() => AcceptPattern().IsMatch(Output()), Limit), Output());
        var server = new IPEndPoint(IPAddress.Loopback, int.Parse(AcceptPattern().Match(Output()).Groups[1].Value, null));
        using var connection = new DtlsConnection(DtlsRole.Client, DtlsPeer.CertificateA, [fingerprint], DtlsOptions.Default, new SeededEntropy(1));
        ExchangeAndClose(connection, openssl, server);
    }

    private void RunAsServer(string keyType, string options = "")
    {
        DtlsFingerprint fingerprint = CreateCertificate(keyType);
        using var connection = new DtlsConnection(DtlsRole.Server, DtlsPeer.CertificateA, [fingerprint], DtlsOptions.Default, new SeededEntropy(1));
        Process openssl = Start("openssl", $"s_client -dtls1_2 -connect 127.0.0.1:{LocalPort} -cert cert.pem -key key.pem {options}");
        ExchangeAndClose(connection, openssl, null);
    }

    private void ExchangeAndClose(DtlsConnection connection, Process openssl, IPEndPoint? remote)
    {
                Assert.True(Drive(connection, remote, () => connection.IsConnected), Output());
        SendRecord(connection, "from our side\n");
        openssl.StandardInput.Write("from openssl\n");
        openssl.StandardInput.Flush();
        Assert.True(Drive(connection, remote, () => Received == "from openssl\n" && Output().Contains("from our side", StringComparison.Ordinal)), Output());
        connection.Close();
        Assert.True(Drive(connection, remote, () => Output().Contains("closed", StringComparison.OrdinalIgnoreCase) || openssl.HasExited || Output().Contains("DONE", StringComparison.Ordinal)), Output());
    }

    private DtlsFingerprint CreateCertificate(string keyType)
    {
        Process process = Start("openssl", $"req -x509 -newkey {keyType} -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=openssl");
        Assert.True(process.WaitForExit(Limit), Output());
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(Folder, "cert.pem"));
        return DtlsFingerprint.Compute(DtlsFingerprint.Sha256, certificate.RawData);
    }
}
