using EGoat.Mesh.Peers;

namespace EGoat.Mesh;

/// <summary>The attempts to connect to the members that the server lists: which side offers, and when it is tried again.</summary>
internal sealed class ConnectionAttempts(RoomContext room, string peerId, Membership members, Introductions introductions)
{
    /// <summary>How long a newcomer is waited for: at first it is the one that offers.</summary>
    private static readonly TimeSpan NewcomerTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Tries until the peer is removed: while it is listed and not connected it is offered a session, or asked for an offer.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="offersFirst">Whether this side, which has joined later, makes the first offer.</param>
    public async Task RunAsync(Peer peer, bool offersFirst)
    {
        bool offers = offersFirst || IsOfferer(peer);
        bool wasLive = false;
        int joins = members.Joins;
        var schedule = new AttemptSchedule(room.Time);
        schedule.Restart(offersFirst ? TimeSpan.Zero : NewcomerTimeout);
        while (!peer.IsRemoved && !room.IsLeft)
        {
            Task changed = peer.Changed;
            bool isLive = peer.HasLiveConnection;
            if (wasLive && !isLive)
            {
                offers = IsOfferer(peer);
                schedule.RestartSoon();
            }

            wasLive = isLive;
            if (joins != members.Joins)
            {
                // What was said while the server was away has not arrived.
                joins = members.Joins;
                offers = IsOfferer(peer);
                schedule.Restart(TimeSpan.Zero);
            }

            if (isLive || members.State != EGoatRoomState.Joined || !members.IsListed(peer))
            {
                await room.WaitAsync(changed, Timeout.InfiniteTimeSpan).ConfigureAwait(false);
                continue;
            }

            if (offers && peer.Next is null)
            {
                schedule.EndEarly();
            }

            if (schedule.Left > TimeSpan.Zero)
            {
                await room.WaitAsync(changed, schedule.Left).ConfigureAwait(false);
                continue;
            }

            schedule.Begin();
            await (offers ? introductions.OfferAsync(peer) : introductions.RequestOfferAsync(peer)).ConfigureAwait(false);
            offers = IsOfferer(peer);
        }
    }

    private bool IsOfferer(Peer peer) => string.CompareOrdinal(peerId, peer.Id) < 0;
}
