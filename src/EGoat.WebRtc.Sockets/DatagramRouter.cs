using System.Collections.Concurrent;
using System.Text;
using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Sockets;

/// <summary>Knows the connections of a host, and finds the one that an incoming datagram is for. Thread-safe.</summary>
/// <remarks>
/// Connectivity checks name their connection by its ufrag. Everything else is found by the remote address, which belongs to
/// the connection whose check succeeded there last.
/// </remarks>
internal sealed class DatagramRouter
{
    private readonly ConcurrentDictionary<string, RtcConnection> _byUfrag = new();
    private readonly ConcurrentDictionary<TransportAddress, RtcConnection> _byRemote = new();
    private readonly ConcurrentDictionary<RtcConnection, bool> _connections = new();

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

        if (StunMessage.TryReadLocalUfrag(datagram, out ReadOnlySpan<byte> ufrag))
        {
            if (_byUfrag.TryGetValue(Encoding.ASCII.GetString(ufrag), out RtcConnection? addressed))
            {
                Handle(addressed, local, remote, datagram, touched);
                Own(addressed, remote);
            }

            return;
        }

        // A response names nobody: whoever sent the request knows its transaction id.
        foreach (RtcConnection connection in _connections.Keys)
        {
            Handle(connection, local, remote, datagram, touched);
            Own(connection, remote);
        }
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
