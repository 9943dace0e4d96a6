using System.Collections.Concurrent;
using System.Text;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Sockets;

/// <summary>Knows the connections of a host, and finds the one that an incoming datagram is for. Thread-safe.</summary>
/// <remarks>
/// Connectivity checks name their connection by its ufrag, and responses to checks by the transaction. Everything else is found by
/// the remote address, which belongs to the connection whose check succeeded there last. What is for nobody touches no connection.
/// </remarks>
internal sealed class DatagramRouter
{
    private readonly ConcurrentDictionary<string, RtcConnection> _byUfrag = new();
    private readonly ConcurrentDictionary<TransportAddress, RtcConnection> _byRemote = new();
    private readonly ConcurrentDictionary<RtcConnection, bool> _connections = new();
    private readonly StunTransactions _transactions = new();

    /// <summary>All connections at this moment.</summary>
    public RtcConnection[] Connections => [.. _connections.Keys];

    public void Add(RtcConnection connection) => _connections[connection] = true;

    /// <summary>Checks for a ufrag are for this connection; those for an outdated one of it are not any more.</summary>
    public void Register(string ufrag, string? outdated, RtcConnection connection)
    {
        _byUfrag[ufrag] = connection;
        if (outdated is not null)
        {
            _byUfrag.TryRemove(outdated, out _);
        }
    }

    public void Remove(RtcConnection connection)
    {
        _connections.TryRemove(connection, out _);
        RemoveValue(_byUfrag, connection);
        RemoveValue(_byRemote, connection);
        _transactions.Remove(connection);
    }

    /// <summary>A connection sends a datagram: the response to a request will be for it.</summary>
    public void HandleSent(TimeSpan now, RtcConnection sender, ReadOnlySpan<byte> datagram)
    {
        if (StunMessage.IsStun(datagram) && StunMessage.TryParse(datagram, out StunMessage message) && message.Class == StunClass.Request)
        {
            _transactions.Add(now, message.TransactionId, sender);
        }
    }

    /// <summary>
    /// Hands a datagram to the connection that it is for. That connection is added to <paramref name="touched"/>; its
    /// <see cref="RtcConnection.Flush"/> must follow when the batch is done.
    /// </summary>
    public void Dispatch(TransportAddress local, TransportAddress remote, Span<byte> datagram, List<RtcConnection> touched)
    {
        if (!StunMessage.IsStun(datagram))
        {
            if (_byRemote.TryGetValue(remote, out RtcConnection? owner))
            {
                Handle(owner, local, remote, datagram, touched);
            }

            return;
        }

        if (FindForStun(datagram) is { } addressed)
        {
            Handle(addressed, local, remote, datagram, touched);
            Own(addressed, remote);
        }
    }

    private RtcConnection? FindForStun(ReadOnlySpan<byte> datagram)
    {
        if (StunMessage.TryReadLocalUfrag(datagram, out ReadOnlySpan<byte> ufrag))
        {
            return _byUfrag.GetValueOrDefault(Encoding.ASCII.GetString(ufrag));
        }

        bool isResponse = StunMessage.TryParse(datagram, out StunMessage message) && message.Class is StunClass.SuccessResponse or StunClass.ErrorResponse;
        return isResponse ? _transactions.Find(message.TransactionId) : null;
    }

    private static void Handle(RtcConnection connection, TransportAddress local, TransportAddress remote, Span<byte> datagram, List<RtcConnection> touched)
    {
        connection.HandleDatagram(local, remote, datagram);
        if (!touched.Contains(connection))
        {
            touched.Add(connection);
        }
    }

    private static void RemoveValue<TKey>(ConcurrentDictionary<TKey, RtcConnection> map, RtcConnection connection)
        where TKey : notnull
    {
        foreach ((TKey key, RtcConnection owner) in map)
        {
            if (owner == connection)
            {
                map.TryRemove(key, out _);
            }
        }
    }

    private void Own(RtcConnection connection, TransportAddress remote)
    {
        if (connection.IsValidatedRemote(remote) && (!_byRemote.TryGetValue(remote, out RtcConnection? owner) || owner != connection))
        {
            _byRemote[remote] = connection;
        }
    }
}
