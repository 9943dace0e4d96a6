using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using EGoat.Testing;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>Against a DTLS that nobody here wrote, over a real socket on loopback, in both roles.</summary>
public sealed partial class OpenSslTests : IDisposable
{
    private const string EcP256 = "ec -pkeyopt ec_paramgen_curve:P-256";
    private const string EcP384 = "ec -pkeyopt ec_paramgen_curve:P-384";
    private const string Rsa = "rsa:2048";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-dtls").FullName;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20 };
    private readonly byte[] _buffer = new byte[65536];
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _received = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<Process> _processes = [];
    private EndPoint _remote = new IPEndPoint(IPAddress.Loopback, 0);

    public OpenSslTests() => _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    public void Dispose()
    {
        foreach (Process process in _processes)
        {
            if (!process.HasExited)
            {
                process.Kill();
                process.WaitForExit();
            }

            process.Dispose();
        }

        _socket.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

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
        Start($"s_client -dtls1_2 -connect 127.0.0.1:{((IPEndPoint)_socket.LocalEndPoint!).Port}");
        Assert.True(Drive(connection, null, () => connection.State == DtlsState.Failed), Output());
        Assert.True(connection.TryPollEvent(out DtlsEvent e));
        Assert.Equal("The peer has no certificate.", e.Reason);
    }

    [GeneratedRegex(@"ACCEPT 127\.0\.0\.1:(\d+)")]
    private static partial Regex AcceptPattern();

    private void RunAsClient(string keyType, string options = "")
    {
        DtlsFingerprint fingerprint = CreateCertificate(keyType);
        Process openssl = Start($"s_server -dtls1_2 -accept 127.0.0.1:0 -cert cert.pem -key key.pem -Verify 1 {options}");
        Assert.True(SpinWait.SpinUntil(() => AcceptPattern().IsMatch(Output()), Limit), Output());
        var server = new IPEndPoint(IPAddress.Loopback, int.Parse(AcceptPattern().Match(Output()).Groups[1].Value, null));
        using var connection = new DtlsConnection(DtlsRole.Client, DtlsPeer.CertificateA, [fingerprint], DtlsOptions.Default, new SeededEntropy(1));
        ExchangeAndClose(connection, openssl, server);
    }

    private void RunAsServer(string keyType, string options = "")
    {
        DtlsFingerprint fingerprint = CreateCertificate(keyType);
        using var connection = new DtlsConnection(DtlsRole.Server, DtlsPeer.CertificateA, [fingerprint], DtlsOptions.Default, new SeededEntropy(1));
        Process openssl = Start($"s_client -dtls1_2 -connect 127.0.0.1:{((IPEndPoint)_socket.LocalEndPoint!).Port} -cert cert.pem -key key.pem {options}");
        ExchangeAndClose(connection, openssl, null);
    }

    private void ExchangeAndClose(DtlsConnection connection, Process openssl, IPEndPoint? remote)
    {
        _received.Clear();
        Assert.True(Drive(connection, remote, () => connection.IsConnected), Output());
        SendRecord(connection, "from our side\n");
        openssl.StandardInput.Write("from openssl\n");
        openssl.StandardInput.Flush();
        Assert.True(Drive(connection, remote, () => _received.ToString() == "from openssl\n" && Output().Contains("from our side", StringComparison.Ordinal)), Output());
        connection.Close();
        Assert.True(Drive(connection, remote, () => Output().Contains("closed", StringComparison.OrdinalIgnoreCase) || openssl.HasExited || Output().Contains("DONE", StringComparison.Ordinal)), Output());
    }

    private bool Drive(DtlsConnection connection, IPEndPoint? remote, Func<bool> until)
    {
        _remote = remote ?? _remote;
        connection.Start(_clock.Elapsed);
        TimeSpan end = _clock.Elapsed + Limit;
        while (true)
        {
            while (connection.TryPollTransmit(_clock.Elapsed, _buffer, out int length))
            {
                _socket.SendTo(_buffer.AsSpan(0, length), SocketFlags.None, _remote);
            }

            if (until())
            {
                return true;
            }

            if (_clock.Elapsed > end)
            {
                return false;
            }

            if (connection.NextTimeout <= _clock.Elapsed)
            {
                connection.HandleTimeout(_clock.Elapsed);
            }

            try
            {
                int count = _socket.ReceiveFrom(_buffer, ref _remote);
                Span<byte> datagram = _buffer.AsSpan(0, count);
                while (connection.TryReadRecord(_clock.Elapsed, ref datagram, out Span<byte> data))
                {
                    _received.Append(Encoding.ASCII.GetString(data));
                }
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock or SocketError.ConnectionReset)
            {
                // Nothing came in 20 ms: time passes.
            }
        }
    }

    private void SendRecord(DtlsConnection connection, string text)
    {
        byte[] payload = Encoding.ASCII.GetBytes(text);
        var record = new byte[payload.Length + DtlsConnection.RecordOverhead];
        payload.CopyTo(record, DtlsConnection.RecordHeaderLength);
        _socket.SendTo(record.AsSpan(0, connection.Seal(record, payload.Length)), SocketFlags.None, _remote);
    }

    private DtlsFingerprint CreateCertificate(string keyType)
    {
        Process process = Start($"req -x509 -newkey {keyType} -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=openssl");
        Assert.True(process.WaitForExit(Limit), Output());
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(_folder, "cert.pem"));
        return DtlsFingerprint.Compute(DtlsFingerprint.Sha256, certificate.RawData);
    }

    private Process Start(string arguments)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo("openssl", arguments)
            {
                WorkingDirectory = _folder,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        process.OutputDataReceived += (_, e) => Collect(e.Data);
        process.ErrorDataReceived += (_, e) => Collect(e.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _processes.Add(process);
        return process;
    }

    private void Collect(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }

    private string Output()
    {
        lock (_output)
        {
            return _output.ToString();
        }
    }
}
