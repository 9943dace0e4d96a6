using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EGoat.Benchmarks.Links;

/// <summary>The baseline: a TCP connection on loopback for each link, plain or with TLS and certificates on both sides. The offerer listens.</summary>
internal sealed class TcpLinkSession(bool isTls) : LinkSession
{
    /// <summary>The longest message of the benchmarks.</summary>
    private const int BufferBytes = 256 * 1024;

    private static readonly Lazy<X509Certificate2> Certificate = new(CreateCertificate);

    private readonly List<Stream> _streams = [];
    private TcpListener? _listener;
    private int _port;

    /// <summary>Bytes of the buffer that each end receives into.</summary>
    public int ReceiveBufferBytes { get; init; } = BufferBytes;

    public override string Offer()
    {
        _listener = new TcpListener(IPAddress.Loopback, 0);
        _listener.Start();
        return ((IPEndPoint)_listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }

    public override string Answer(string offer)
    {
        _port = int.Parse(offer, CultureInfo.InvariantCulture);
        return "";
    }

    public override void Accept(string answer)
    {
        // It says nothing: the answerer connects.
    }

    public override async Task<Link> OpenAsync(string label, CancellationToken cancellationToken)
    {
        Socket socket;
        if (_listener is not null)
        {
            socket = await _listener.AcceptSocketAsync(cancellationToken);
        }
        else
        {
            socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, _port, cancellationToken);
        }

        socket.NoDelay = true;
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        if (isTls)
        {
            stream = await SecureAsync(stream, cancellationToken);
        }

        _streams.Add(stream);
        return new StreamLink(stream, ReceiveBufferBytes);
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (Stream stream in _streams)
        {
            await stream.DisposeAsync();
        }

        _listener?.Dispose();
    }

    private async Task<SslStream> SecureAsync(Stream stream, CancellationToken cancellationToken)
    {
        var secured = new SslStream(stream);
        if (_listener is not null)
        {
            await secured.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificate = Certificate.Value, ClientCertificateRequired = true, RemoteCertificateValidationCallback = (_, _, _, _) => true },
                cancellationToken);
        }
        else
        {
            await secured.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = "bench", ClientCertificates = [Certificate.Value], RemoteCertificateValidationCallback = (_, _, _, _) => true },
                cancellationToken);
        }

        return secured;
    }

    private static X509Certificate2 CreateCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=bench", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private sealed class StreamLink(Stream stream, int bufferBytes) : Link
    {
        private readonly byte[] _buffer = new byte[bufferBytes];

        public override ValueTask SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => stream.WriteAsync(message, cancellationToken);

        public override ValueTask<int> ReceiveAsync(CancellationToken cancellationToken) => stream.ReadAsync(_buffer, cancellationToken);
    }
}
