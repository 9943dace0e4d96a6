using EGoat.Keys;
using EGoat.Mesh.Peers;
using EGoat.Signaling;
using EGoat.WebRtc.Sockets;
using EGoat.WebRtc.Tracing;

namespace EGoat.Mesh;

/// <summary>
/// Begins sessions with peers and restarts their ICE: what is said through the signaling server for it, and what comes from
/// there (docs/protocol.md §2).
/// </summary>
internal sealed class Introductions(RoomContext room, string peerId, SignalingClient signaling, IRtcHost host, ISessionOwner owner)
{
    /// <summary>Writes and reads what is said; in a room with a key, sealed.</summary>
    private readonly IntroductionCodec _codec = new(room.Options.Key is { } key ? new IntroductionSeal(key, peerId) : null);

    /// <summary>Whether people know that something came that did not open.</summary>
    private int _hasWarned;

    /// <summary>A peer that asks for an offer while one this young is on its way gets no other.</summary>
    private static readonly TimeSpan OfferAge = TimeSpan.FromSeconds(2);

    /// <summary>A peer that asks for an offer while a session this young is connected asked before it was.</summary>
    private static readonly TimeSpan SessionAge = TimeSpan.FromSeconds(5);

    /// <summary>Offers a session; it replaces the one that is being made.</summary>
    public async Task OfferAsync(Peer peer)
    {
        if (CreateConnection(peer) is not { } connection)
        {
            return;
        }

        PeerSession session = PeerSession.CreateOffer(peer, connection, owner, room.Time, out Introduction.Offer offer);
        await BeginAsync(session, offer).ConfigureAwait(false);
    }

    /// <summary>Asks a peer for an offer.</summary>
    public Task RequestOfferAsync(Peer peer) => SendAsync(peer, new Introduction.OfferRequest());

    /// <summary>Tells a peer of a candidate.</summary>
    public Task SendCandidateAsync(PeerSession session, string candidate) => SendAsync(session.Peer, new Introduction.Candidate(session.Id, candidate));

    /// <summary>Looks for new ways to a peer while the connection to it stands.</summary>
    public async Task RestartIceAsync(Peer peer)
    {
        if (peer.Session?.RestartIce() is { } introduction)
        {
            await SendAsync(peer, introduction).ConfigureAwait(false);
        }
    }

    /// <summary>Reads what came from a peer; null when it is no introduction, or does not open with the room's key.</summary>
    public Introduction? Read(string from, string data)
    {
        Introduction? introduction = _codec.Parse(data, from);
        room.Trace?.IfOn?.Write(TraceCategory.Signaling, $"{introduction?.GetType().Name ?? "something unreadable"} from {from}");
        if (introduction is null && _codec.IsSealed && Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            room.Warn("What the signaling server passes on does not open with the key of this room: it was altered or repeated, or somebody without the key speaks. It is ignored.");
        }

        return introduction;
    }

    /// <summary>Does what a peer has said.</summary>
    public async Task HandleAsync(Peer peer, Introduction introduction)
    {
        switch (introduction)
        {
            case Introduction.Offer offer:
                await AnswerAsync(peer, offer).ConfigureAwait(false);
                break;
            case Introduction.Answer answer:
                peer.Find(answer.Session)?.HandleAnswer(answer.Sdp);
                break;
            case Introduction.Candidate candidate:
                peer.Find(candidate.Session)?.HandleCandidate(candidate.Text);
                break;
            case Introduction.IceRestartRequest request when peer.Session is { IsOfferer: true } session && session.Id == request.Session:
                await RestartIceAsync(peer).ConfigureAwait(false);
                break;
            case Introduction.OfferRequest when !IsOfferYoung(peer) && !IsSessionYoung(peer):
                await OfferAsync(peer).ConfigureAwait(false);
                break;
            default:
                break;
        }
    }

    // Who asks has no connection, whatever this side believes: it may have slept. But a request may come late, when there is one.
    private bool IsSessionYoung(Peer peer) => peer.Session is { IsConnected: true } session && room.Time.GetElapsedTime(session.Began) < SessionAge;

    private bool IsOfferYoung(Peer peer) => peer.Next is { IsOfferer: true } offered && room.Time.GetElapsedTime(offered.Began) < OfferAge;

    private async Task AnswerAsync(Peer peer, Introduction.Offer offer)
    {
        try
        {
            if (peer.Find(offer.Session) is { IsLive: true } present)
            {
                if (present.AnswerRestart(offer.Sdp) is { } restarted)
                {
                    await SendAsync(peer, restarted).ConfigureAwait(false);
                }

                return;
            }

            // Both have offered: the offer of the smaller peer id holds, on both sides.
            if (IsOfferYoung(peer) && string.CompareOrdinal(peerId, peer.Id) < 0)
            {
                return;
            }

            if (CreateConnection(peer) is { } connection)
            {
                PeerSession session;
                Introduction.Answer answer;
                try
                {
                    session = PeerSession.CreateAnswer(peer, connection, offer, owner, room.Time, out answer);
                }
                catch
                {
                    await connection.DisposeAsync().ConfigureAwait(false);
                    throw;
                }

                await BeginAsync(session, answer).ConfigureAwait(false);
            }
        }
        catch (FormatException e)
        {
            room.Warn(e.Message);
        }
    }

    private async Task BeginAsync(PeerSession session, Introduction introduction)
    {
        (bool isMember, PeerSession? replaced) = session.Peer.Begin(session);
        if (!isMember)
        {
            await session.CloseAsync().ConfigureAwait(false);
            return;
        }

        await SendAsync(session.Peer, introduction).ConfigureAwait(false);
        room.Background.Run(session.RunAsync);
        if (replaced is not null)
        {
            room.Background.Run(() => replaced.CloseAsync().AsTask());
        }
    }

    // Null: the room is being left.
    private RtcConnection? CreateConnection(Peer peer)
    {
        try
        {
            return host.CreateConnection($"{room.Name}/{(peer.Id.Length > 8 ? peer.Id[..8] : peer.Id)}");
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    private async Task SendAsync(Peer peer, Introduction introduction)
    {
        room.Trace?.IfOn?.Write(TraceCategory.Signaling, $"{introduction.GetType().Name} to {peer.Id}");
        try
        {
            await signaling.SendAsync(peer.Id, _codec.Format(introduction, peer.Id), room.Left.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The room is being left.
        }
    }
}
