using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using EGoat.WebRtc.Dtls;

namespace EGoat.WebRtc.Tests.Dtls;

/// <summary>A DTLS that nobody here wrote: another program as the peer, over a real socket on loopback.</summary>
public abstract class ProgramPeerTests : IDisposable
{
    protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 20 };
    private readonly byte[] _buffer = new byte[65536];
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _received = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<Process> _processes = [];
    private EndPoint _remote = new IPEndPoint(IPAddress.Loopback, 0);

    protected ProgramPeerTests() => _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    /// <summary>Where the programs run.</summary>
    protected string Folder { get; } = Directory.CreateTempSubdirectory("egoat-dtls").FullName;

    /// <summary>The application data that came, as text.</summary>
    protected string Received => _received.ToString();

    /// <summary>The port where programs reach the connection.</summary>
    protected int LocalPort => ((IPEndPoint)_socket.LocalEndPoint!).Port;

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
        Directory.Delete(Folder, recursive: true);
    }

    private protected bool Drive(DtlsConnection connection, IPEndPoint? remote, Func<bool> until)
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

    private protected void SendRecord(DtlsConnection connection, string text)
    {
        byte[] payload = Encoding.ASCII.GetBytes(text);
        var record = new byte[payload.Length + DtlsConnection.RecordOverhead];
        payload.CopyTo(record, DtlsConnection.RecordHeaderLength);
        _socket.SendTo(record.AsSpan(0, connection.Seal(record, payload.Length)), SocketFlags.None, _remote);
    }

    protected Process Start(string program, string arguments)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = Folder,
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

    protected string Output()
    {
        lock (_output)
        {
            return _output.ToString();
        }
    }
}
