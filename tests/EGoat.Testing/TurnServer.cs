using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EGoat.Testing;

/// <summary>A coturn of a test's own, on loopback or on a host of <see cref="NetworkHosts"/>; it ends with the test.</summary>
public sealed class TurnServer : IDisposable
{
    public const string Program = "turnserver";
    public const string Username = "goat";
    public const string Password = "cheese";

    private readonly string _folder = Directory.CreateTempSubdirectory("egoat-turn-").FullName;
    private readonly Process _process;
    private readonly List<string> _log = [];

    private TurnServer(string address, string? host, IEnumerable<string> options)
    {
        Address = address;
        Port = FreePort();
        TlsPort = FreePort();
        string key = Path.Combine(_folder, "key.pem");
        CertificatePath = Path.Combine(_folder, "certificate.pem");
        WriteCertificate(key, CertificatePath, address);
        string[] words =
        [
            .. host is null ? [] : NetworkHosts.On(host),
            Program, "-n", "--no-cli", "--lt-cred-mech", "--fingerprint", "--log-file=stdout", "--simple-log", "--verbose", "--no-dtls",
            $"--listening-ip={address}", $"--relay-ip={address}", $"--listening-port={Port}", $"--tls-listening-port={TlsPort}",
            $"--user={Username}:{Password}", "--realm=egoat.test", $"--cert={CertificatePath}", $"--pkey={key}",
            $"--userdb={Path.Combine(_folder, "turn.db")}", $"--pidfile={Path.Combine(_folder, "turn.pid")}",
            .. options,
        ];
        _process = new Process { StartInfo = new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true, RedirectStandardError = true } };
        _process.OutputDataReceived += (_, e) =>
        {
            lock (_log)
            {
                _log.Add(e.Data ?? "");
                Monitor.PulseAll(_log);
            }
        };
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Address { get; }

    public int Port { get; }

    public int TlsPort { get; }

    /// <summary>Its self-signed certificate, in a PEM file, for those that are to trust it.</summary>
    public string CertificatePath { get; }

    /// <summary>Everything it has logged.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return string.Join('\n', _log);
            }
        }
    }

    /// <summary>Starts it and waits until it listens.</summary>
    public static TurnServer Start(string address = "127.0.0.1", string? host = null, params IEnumerable<string> options)
    {
        var server = new TurnServer(address, host, address == "127.0.0.1" ? ["--allow-loopback-peers", .. options] : options);
        server.WaitForLog("Total General servers");
        return server;
    }

    /// <summary>Waits until it has logged something.</summary>
    public void WaitForLog(string text)
    {
        long start = Stopwatch.GetTimestamp();
        lock (_log)
        {
            while (!_log.Exists(l => l.Contains(text, StringComparison.Ordinal)))
            {
                if (_process.HasExited || Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(20))
                {
                    throw new InvalidOperationException($"coturn did not say '{text}':\n{string.Join('\n', _log)}");
                }

                Monitor.Wait(_log, 100);
            }
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // coturn takes no port 0; whoever takes this one in between makes the test fail with coturn's own words.
    private static int FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static void WriteCertificate(string key, string certificate, string address)
    {
        using RSA rsa = RSA.Create(2048);
        var request = new CertificateRequest($"CN={address}", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Parse(address));
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 created = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(key, rsa.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificate, created.ExportCertificatePem());
    }
}
