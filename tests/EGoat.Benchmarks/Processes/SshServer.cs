using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace EGoat.Benchmarks.Processes;

/// <summary>A private sshd on loopback with keys, configuration and port of its own, and scp to it.</summary>
internal sealed class SshServer : IDisposable
{
    private const string Cipher = "aes128-gcm@openssh.com";

    /// <summary>Where sshd of most systems insists on an empty folder.</summary>
    private const string PrivilegeSeparationFolder = "/run/sshd";

    /// <summary>Time for sshd to wait for the processes of a session that has ended.</summary>
    private static readonly TimeSpan ReapDelay = TimeSpan.FromMilliseconds(300);

    private readonly ChildProcess _server;
    private readonly string[] _scp;
    private readonly bool _hasMadeFolder;

    private SshServer(ChildProcess server, string[] scp, bool hasMadeFolder)
    {
        _server = server;
        _scp = scp;
        _hasMadeFolder = hasMadeFolder;
    }

    /// <summary>Seconds of a copy of nothing: connecting, and starting programs.</summary>
    public double ConnectSeconds { get; private set; }

    /// <exception cref="InvalidOperationException">It cannot run here; the message says why.</exception>
    public static async Task<SshServer> StartAsync(string folder, CancellationToken cancellationToken)
    {
        if (((string[])["sshd", "scp", "ssh", "ssh-keygen"]).FirstOrDefault(p => Programs.Find(p) is null) is { } missing)
        {
            throw new InvalidOperationException($"{missing} is not on PATH.");
        }

        Directory.CreateDirectory(folder);
        string hostKey = await CreateKeyAsync(folder, "host", cancellationToken);
        string clientKey = await CreateKeyAsync(folder, "client", cancellationToken);
        int port = FreePort();
        string configuration = Path.Combine(folder, "sshd_config");
        await File.WriteAllLinesAsync(
            configuration,
            [
                $"Port {port}", "ListenAddress 127.0.0.1", $"HostKey {hostKey}", "PidFile none", $"AuthorizedKeysFile {clientKey}.pub", "StrictModes no", "UsePAM no",
                "PasswordAuthentication no", "PermitRootLogin prohibit-password", $"Ciphers {Cipher}", "Compression no", "Subsystem sftp internal-sftp",
            ],
            cancellationToken);
        bool hasMadeFolder = !Directory.Exists(PrivilegeSeparationFolder) && Environment.IsPrivilegedProcess && Directory.CreateDirectory(PrivilegeSeparationFolder).Exists;
        string[] scp =
        [
            Programs.Find("scp")!, "-q", "-F", "none", "-P", $"{port}", "-i", clientKey, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", $"Ciphers={Cipher}", "-o", "Compression=no",
        ];
        var server = new SshServer(ChildProcess.Start("sshd", [Programs.Find("sshd")!, "-D", "-e", "-f", configuration]), scp, hasMadeFolder);
        try
        {
            await WaitForPortAsync(port, cancellationToken);
            await server.MeasureConnectAsync(folder, cancellationToken);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Copies a file; with <paramref name="isSynced"/> until it is on the disk.</summary>
    public async Task<CopyResult> CopyAsync(string source, string target, bool isSynced, CancellationToken cancellationToken)
    {
        double clientBefore = ProcessUsage.OfEndedChildren(Environment.ProcessId);
        double serverBefore = ProcessUsage.OfEndedChildren(_server.Id);
        long begin = Stopwatch.GetTimestamp();
        using (ChildProcess scp = ChildProcess.Start("scp", [.. _scp, source, $"{Environment.UserName}@127.0.0.1:{target}"]))
        {
            await scp.WaitAsync(cancellationToken);
        }

        if (isSynced)
        {
            using FileStream file = File.Open(target, FileMode.Open, FileAccess.ReadWrite);
            file.Flush(flushToDisk: true);
        }

        double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds - ConnectSeconds;
        await Task.Delay(ReapDelay, cancellationToken);
        return new CopyResult(
            seconds,
            new ProcessUsage(ProcessUsage.OfEndedChildren(Environment.ProcessId) - clientBefore, 0),
            new ProcessUsage(ProcessUsage.OfEndedChildren(_server.Id) - serverBefore, 0));
    }

    public void Dispose()
    {
        _server.Dispose();
        if (_hasMadeFolder)
        {
            Directory.Delete(PrivilegeSeparationFolder);
        }
    }

    private async Task MeasureConnectAsync(string folder, CancellationToken cancellationToken)
    {
        string nothing = Path.Combine(folder, "nothing");
        await File.WriteAllBytesAsync(nothing, [], cancellationToken);
        var seconds = new List<double>();
        for (int i = 0; i < 3; i++)
        {
            seconds.Add((await CopyAsync(nothing, $"{nothing}.copy", isSynced: false, cancellationToken)).Seconds);
        }

        ConnectSeconds = Measuring.Statistics.Median(seconds);
    }

    private static async Task<string> CreateKeyAsync(string folder, string name, CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, name);
        using ChildProcess keygen = ChildProcess.Start("ssh-keygen", [Programs.Find("ssh-keygen")!, "-q", "-t", "ed25519", "-N", "", "-f", path]);
        await keygen.WaitAsync(cancellationToken);
        return path;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task WaitForPortAsync(int port, CancellationToken cancellationToken)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
                return;
            }
            catch (SocketException) when (attempt < 100)
            {
                await Task.Delay(50, cancellationToken);
            }
        }
    }
}
