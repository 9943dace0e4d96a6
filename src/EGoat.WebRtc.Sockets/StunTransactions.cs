using EGoat.WebRtc.Stun;

namespace EGoat.WebRtc.Sockets;

/// <summary>Remembers which connection has sent a STUN request, since a response names nothing but the transaction. Thread-safe.</summary>
internal sealed class StunTransactions
{
    /// <summary>Requests remembered; the oldest is forgotten for a new one.</summary>
    private const int MaxCount = 16 * 1024;

    /// <summary>A response that takes longer is lost: the request has been repeated since, or given up.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<StunTransactionId, (RtcConnection Sender, TimeSpan At)> _sent = [];

    /// <summary>In the order of sending. A request that was sent again is in it more than once.</summary>
    private readonly Queue<(StunTransactionId Id, TimeSpan At)> _order = new();

    public void Add(TimeSpan now, StunTransactionId id, RtcConnection sender)
    {
        lock (_gate)
        {
            while (_order.TryPeek(out (StunTransactionId Id, TimeSpan At) oldest) && (oldest.At + Lifetime < now || _order.Count >= MaxCount))
            {
                _order.Dequeue();
                if (_sent.TryGetValue(oldest.Id, out (RtcConnection Sender, TimeSpan At) known) && known.At == oldest.At)
                {
                    _sent.Remove(oldest.Id);
                }
            }

            _sent[id] = (sender, now);
            _order.Enqueue((id, now));
        }
    }

    /// <summary>The connection that has sent the request; null when there was none, or long ago.</summary>
    public RtcConnection? Find(StunTransactionId id)
    {
        lock (_gate)
        {
            return _sent.TryGetValue(id, out (RtcConnection Sender, TimeSpan At) known) ? known.Sender : null;
        }
    }

    /// <summary>Forgets what a connection has sent.</summary>
    public void Remove(RtcConnection sender)
    {
        lock (_gate)
        {
            foreach ((StunTransactionId id, (RtcConnection owner, _)) in _sent)
            {
                if (owner == sender)
                {
                    _sent.Remove(id);
                }
            }
        }
    }
}
