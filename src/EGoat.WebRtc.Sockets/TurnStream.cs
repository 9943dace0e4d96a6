using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Threading.Channels;
using EGoat.WebRtc.Ice;

namespace EGoat.WebRtc.Sockets;

/// <summary>A TCP or TLS connection to a TURN server: messages in both directions (RFC 8656 sections 3.1 and 12.5).</summary>
internal sealed class TurnStream : IAsyncDisposable
{
    /// <summary>Messages that wait to be written; more are dropped, as a router would.</summary>
    private const int MaxQueued = 512;
    private const int MaxMessageLength = PeerConnectionOptions.DatagramSizeLimit + 512;
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly Channel<byte[]> _outgoing = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(MaxQueued) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();

    private TurnStream(Socket socket, Stream stream, TransportAddress remote)
    {
        Remote = remote;
        _socket = socket;
        _stream = stream;
        var local = (IPEndPoint)socket.LocalEndPoint!;
        Local = new TransportAddress(local.Address, local.Port);
    }

    /// <summary>This end's address, which stands for the stream.</summary>
    public TransportAddress Local { get; }

    /// <summary>Where the server listens.</summary>
    public TransportAddress Remote { get; }

    /// <summary>Connects to a server.</summary>
    /// <exception cref="SocketException">It cannot be reached.</exception>
    /// <exception cref="IOException">TLS does not come about.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">Its certificate is not trusted.</exception>
    /// <exception cref="OperationCanceledException">It took too long, or was given up.</exception>
    public static async Task<TurnStream> ConnectAsync(IceServer server, TransportAddress address, RemoteCertificateValidationCallback? validate, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConnectTimeout);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(address.ToEndPoint(), limit.Token).ConfigureAwait(false);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (server.Transport == IceServerTransport.Tls)
            {
                var tls = new SslStream(stream);
                stream = tls;
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = server.Host, RemoteCertificateValidationCallback = validate }, limit.Token).ConfigureAwait(false);
            }

            return new TurnStream(socket, stream, address);
        }
        catch
        {
            if (stream is not null)
            {
                await stream.DisposeAsync().ConfigureAwait(false);
            }

            socket.Dispose();
            throw;
        }
    }

    /// <summary>Queues a message; dropped when too many wait.</summary>
    public void Send(ReadOnlySpan<byte> message) => _outgoing.Writer.TryWrite(message.ToArray());

    /// <summary>Reads and writes until the stream ends.</summary>
    public async Task RunAsync(Action<Memory<byte>> handle)
    {
        Task writing = WriteAsync();
        byte[] buffer = new byte[MaxMessageLength];
        try
        {
            while (await ReadMessageAsync(buffer).ConfigureAwait(false) is > 0 and int length)
            {
                handle(buffer.AsMemory(0, length));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The server or this side has closed it.
        }

        _outgoing.Writer.TryComplete();
        await writing.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        // What was queued last gives the allocation back.
        _outgoing.Writer.TryComplete();
        await Task.WhenAny(_outgoing.Reader.Completion, Task.Delay(TimeSpan.FromMilliseconds(200))).ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
        _socket.Dispose();
        _stop.Dispose();
    }

    // 0: the stream has ended, or what comes is neither STUN nor ChannelData.
    private async Task<int> ReadMessageAsync(byte[] buffer)
    {
        const int headerLength = 4;
        if (await _stream.ReadAtLeastAsync(buffer.AsMemory(0, headerLength), headerLength, throwOnEndOfStream: false, _stop.Token).ConfigureAwait(false) < headerLength)
        {
            return 0;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(buffer.AsSpan(2));
        int total = buffer[0] switch
        {
            <= 3 => Stun.StunMessage.HeaderLength + length,
            >= 0x40 and <= 0x4F => headerLength + ((length + 3) & ~3),
            _ => 0,
        };
        if (total is 0 or > MaxMessageLength)
        {
            return 0;
        }

        await _stream.ReadExactlyAsync(buffer.AsMemory(headerLength, total - headerLength), _stop.Token).ConfigureAwait(false);
        return total;
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach (byte[] message in _outgoing.Reader.ReadAllAsync(_stop.Token).ConfigureAwait(false))
            {
                await _stream.WriteAsync(message, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The reader sees the end too.
        }
    }
}
