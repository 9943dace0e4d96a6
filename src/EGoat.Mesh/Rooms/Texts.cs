using System.Collections.Concurrent;
using EGoat.Mesh.Peers;
using EGoat.Mesh.Protocol;

namespace EGoat.Mesh;

/// <summary>
/// Sends texts until each recipient has stored them. What a recipient does not confirm waits in the store for its identity (the outbox) and goes
/// out when that identity is met in the room again, by this process or a later one.
/// </summary>
internal sealed class Texts
{
    /// <summary>Texts that are remembered for their outcome; beyond it the oldest that nobody is waited for are forgotten.</summary>
    private const int MaxRemembered = 10_000;

    /// <summary>How often texts that have waited for too long are given up.</summary>
    private static readonly TimeSpan ExpiryInterval = TimeSpan.FromHours(1);

    private readonly RoomContext _room;
    private readonly string _identity;
    private readonly MessageKeeper _keeper;
    private readonly DeliveryLog _log;

    /// <summary>Texts that somebody has not confirmed, by message id.</summary>
    private readonly ConcurrentDictionary<string, SentText> _sent = new();

    /// <summary>Guards the field below; nobody is called under it.</summary>
    private readonly Lock _gate = new();

    /// <summary>Completed and replaced when a text gets an outcome for a recipient.</summary>
    private TaskCompletionSource _progress = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Texts(RoomContext room, string identity, MessageKeeper keeper)
    {
        _room = room;
        _identity = identity;
        _keeper = keeper;
        _log = new DeliveryLog(room);
        room.Background.Run(ExpireAsync);
    }

    /// <summary>What was sent from here and is not confirmed.</summary>
    public IReadOnlyList<EGoatDelivery> Unconfirmed => [.. _sent.Values.OrderBy(s => s.Message.Id, StringComparer.Ordinal).SelectMany(s => s.Deliveries).Where(d => d.State != EGoatDeliveryState.Confirmed)];

    private Task Progress
    {
        get
        {
            lock (_gate)
            {
                return _progress.Task;
            }
        }
    }

    /// <summary>Sends a text. Waits while a recipient that is there has too many texts to confirm.</summary>
    public async Task<SentMessage> SendAsync(string text, IReadOnlyList<Peer> recipients, bool isPrivate, CancellationToken cancellationToken)
    {
        DateTimeOffset now = _room.Time.GetUtcNow();
        var message = new EGoatMessage
        {
            Id = Guid.CreateVersion7(now).ToString(),
            Room = _room.Name,
            From = _room.Options.DisplayName,
            FromIdentity = _identity,
            Text = text,
            SentAt = now,
            ReceivedAt = now,
            Direction = EGoatDirection.Sent,
            Private = isPrivate,
            Kept = false,
        };

        // Registered before anything is awaited: a recipient may leave, or confirm, at any time from here on.
        var sent = new SentText(message, recipients, _room.Time);
        _sent[message.Id] = sent;
        Task<EGoatMessage> keeping = _keeper.KeepAsync(message);
        message = await _keeper.WaitAsync(keeping, _room.Time.GetTimestamp()).ConfigureAwait(false) ?? message;
        if (!message.Kept)
        {
            _room.Background.Run(() => TellWhenKeptAsync(keeping));
        }

        var wire = new TextMessage(message.Id, now.ToUnixTimeMilliseconds(), text, isPrivate);
        foreach (Peer peer in recipients)
        {
            await GiveAsync(peer, sent, wire, cancellationToken).ConfigureAwait(false);
        }

        Forget(sent);
        return new SentMessage(message, [.. recipients.Select(p => p.Snapshot(_room.Name))], sent);
    }

    /// <summary>A peer has said who it is for the first time: what waits for its identity goes out.</summary>
    public void HandleMet(Peer peer)
    {
        foreach (SentText sent in _sent.Values)
        {
            KeepOpen(peer, sent);
        }

        _room.Background.Run(() => SendWaitingAsync(peer));
    }

    /// <summary>A peer is no longer a member: what it has not confirmed waits for its identity.</summary>
    public void HandleRemoved(Peer peer)
    {
        foreach (SentText sent in _sent.Values)
        {
            GiveUp(peer, sent, "left before confirming it");
        }
    }

    /// <summary>A peer has stored a text.</summary>
    public void HandleReceipt(Peer peer, string messageId)
    {
        // Who confirms what it was not sent changes nothing.
        if (!peer.Confirm(messageId))
        {
            return;
        }

        EGoatDelivery? confirmed = _sent.TryGetValue(messageId, out SentText? sent) ? sent.Confirm(peer) : null;
        Record(confirmed ?? new EGoatDelivery
        {
            MessageId = messageId,
            Room = _room.Name,
            Peer = peer.Name,
            PeerIdentity = peer.Identity,
            State = EGoatDeliveryState.Confirmed,
            At = _room.Time.GetUtcNow(),
        });
        if (sent is not null)
        {
            Forget(sent);
        }
    }

    /// <summary>Waits until every text has an outcome for every recipient, for as long as there is progress.</summary>
    /// <param name="patience">The longest time without any.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task FlushAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task progress = Progress;
            if (_sent.Values.All(s => s.Outcome.IsCompleted) || !await _room.WaitAsync(progress, patience, cancellationToken).ConfigureAwait(false))
            {
                return;
            }
        }
    }

    /// <summary>The room is left: what is open gets its outcome, and outcomes are stored.</summary>
    public async Task CompleteAsync()
    {
        foreach (SentText sent in _sent.Values)
        {
            foreach (Peer peer in sent.Open)
            {
                GiveUp(peer, sent, "had not confirmed it when the room was left");
            }
        }

        await _log.WhenStoredAsync().ConfigureAwait(false);
    }

    private static string Describe(Peer peer) => peer.Name is { Length: > 0 } name ? VisibleText.Quote(name) : $"The peer {peer.Id}";

    private async Task TellWhenKeptAsync(Task<EGoatMessage> keeping)
    {
        try
        {
            _room.Events.Publish(new RoomMessageKept(await keeping.ConfigureAwait(false)));
        }
        catch (RoomException e)
        {
            _room.Warn(e.Message);
        }
    }

    // To a peer that is there as soon as it has confirmed enough of what came before; to others when they are met again.
    private async Task GiveAsync(Peer peer, SentText sent, TextMessage wire, CancellationToken cancellationToken)
    {
        while (true)
        {
            (Task progress, Task changed) = (Progress, peer.Changed);
            if (peer.SendText(wire))
            {
                break;
            }

            if (!peer.IsConnected || _room.IsLeft || cancellationToken.IsCancellationRequested)
            {
                GiveUp(peer, sent, peer.IsRemoved ? "left before confirming it" : $"has {Peer.MaxUnconfirmed} messages to confirm first");
                return;
            }

            await _room.WaitAsync(Task.WhenAny(progress, changed), Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
        }

        KeepOpen(peer, sent);
    }

    // What is open is stored as waiting, so that it goes out even if this process ends now.
    private void KeepOpen(Peer peer, SentText sent)
    {
        if (sent.DescribeOpen(peer) is { PeerIdentity.Length: > 0 } waiting)
        {
            _log.Add(waiting, isTold: false);
        }
    }

    private void GiveUp(Peer peer, SentText sent, string reason)
    {
        if (sent.IsOpen(peer) && sent.GiveUp(peer, $"{Describe(peer)} {reason}.") is { } delivery)
        {
            peer.Confirm(sent.Message.Id);
            Record(delivery);
        }
    }

    private void Record(EGoatDelivery delivery)
    {
        _log.Add(delivery);
        TaskCompletionSource progress;
        lock (_gate)
        {
            (progress, _progress) = (_progress, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        progress.TrySetResult();
    }

    private void Forget(SentText sent)
    {
        if (sent.IsConfirmed)
        {
            _sent.TryRemove(sent.Message.Id, out _);
        }
        else if (_sent.Count > MaxRemembered)
        {
            foreach (SentText old in _sent.Values.Where(s => s.Outcome.IsCompleted).OrderBy(s => s.Message.Id, StringComparer.Ordinal).Take(MaxRemembered / 10))
            {
                _sent.TryRemove(old.Message.Id, out _);
            }
        }
    }

    private async Task SendWaitingAsync(Peer peer)
    {
        IReadOnlyList<EGoatMessage> waiting;
        try
        {
            waiting = await _room.Store.GetWaitingAsync(_room.Name, peer.Identity, _room.Left.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // The store's own exceptions: what waits goes out the next time.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            _room.Warn($"Messages that wait for {Describe(peer)} cannot be read: {e.Message}");
            return;
        }

        foreach (EGoatMessage message in waiting)
        {
            var wire = new TextMessage(message.Id, message.SentAt.ToUnixTimeMilliseconds(), message.Text, message.Private);
            while (!peer.SendText(wire))
            {
                Task changed = Task.WhenAny(Progress, peer.Changed);
                if (!peer.IsConnected || _room.IsLeft)
                {
                    return; // the next time
                }

                await _room.WaitAsync(changed, Timeout.InfiniteTimeSpan, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    // At once, and then every hour.
    private async Task ExpireAsync()
    {
        do
        {
            try
            {
                DateTimeOffset before = _room.Time.GetUtcNow() - _room.Options.MaxWaitingAge;
                foreach (EGoatDelivery delivery in await _room.Store.ExpireDeliveriesAsync(before, _room.Options.MaxWaiting, _room.Left.Token).ConfigureAwait(false))
                {
                    _room.Events.Publish(new RoomDeliveryChanged(delivery));
                }
            }
#pragma warning disable CA1031 // The store's own exceptions: they are given up the next time.
            catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
            {
                _room.Warn($"Messages that have waited for too long cannot be given up: {e.Message}");
            }
        }
        while (await _room.DelayAsync(ExpiryInterval).ConfigureAwait(false));
    }
}
