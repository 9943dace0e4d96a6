using System.Runtime.CompilerServices;

namespace EGoat.Mesh;

/// <summary>
/// The events of a room in order, from the moment of subscribing, in a queue of its own: a subscriber that stands still holds up
/// neither the room nor other subscribers.
/// </summary>
/// <remarks>
/// When more than <see cref="Capacity"/> events wait, of what changes a peer, a transfer or the room's state only the latest is
/// kept, and comes after everything else. When the rest takes more than <see cref="MaxBytes"/>, what comes then is counted, and
/// <see cref="RoomEventsLost"/> tells of it.
/// </remarks>
public sealed class RoomSubscription : IDisposable
{
    /// <summary>Events that wait before changes are merged, where nothing else is said.</summary>
    public const int DefaultCapacity = 1024;

    /// <summary>Bytes that waiting events may take, about.</summary>
    public const int MaxBytes = 64 * 1024 * 1024;

    /// <summary>Peers and transfers whose latest change is kept beyond the capacity.</summary>
    private const int MaxLate = 4096;

    private readonly Action<RoomSubscription> _remove;
    private readonly Lock _gate = new();
    private readonly Queue<RoomEvent> _events = new();

    /// <summary>The latest of each that did not fit, in the order of their first coming.</summary>
    private readonly Dictionary<string, RoomEvent> _late = [];
    private TaskCompletionSource? _waiting;
    private long _bytes;
    private int _lost;
    private bool _isCompleted;

    internal RoomSubscription(int capacity, Action<RoomSubscription> remove)
    {
        Capacity = capacity;
        _remove = remove;
    }

    /// <summary>Events that wait before changes are merged.</summary>
    public int Capacity { get; }

    /// <summary>The events; ends when the room is left or the subscription disposed of, after what waits.</summary>
    public async IAsyncEnumerable<RoomEvent> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Task waiting;
            if (TryRead(out RoomEvent? e))
            {
                yield return e!;
                continue;
            }

            lock (_gate)
            {
                if (HasEvents)
                {
                    continue;
                }

                if (_isCompleted)
                {
                    yield break;
                }

                _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                waiting = _waiting.Task;
            }

            await waiting.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes an event that has come already.</summary>
    public bool TryRead(out RoomEvent? e)
    {
        lock (_gate)
        {
            if (_events.TryDequeue(out e))
            {
                _bytes -= e.Size;
            }
            else if (_lost > 0)
            {
                e = new RoomEventsLost(_lost);
                _lost = 0;
            }
            else if (_late.Count > 0)
            {
                (string key, e) = _late.First();
                _late.Remove(key);
            }

            return e is not null;
        }
    }

    /// <summary>Ends it.</summary>
    public void Dispose()
    {
        _remove(this);
        Complete();
    }

    internal void Publish(RoomEvent e)
    {
        lock (_gate)
        {
            if (_isCompleted)
            {
                return;
            }

            bool isLatest = e.ReplacedBy is not null && e is not RoomTransferChanged { Transfer.IsEnded: true };
            bool isLate = isLatest && (_events.Count >= Capacity || _late.ContainsKey(e.ReplacedBy!));
            if (isLate && (_late.Count < MaxLate || _late.ContainsKey(e.ReplacedBy!)))
            {
                _late[e.ReplacedBy!] = e;
            }
            else if (isLate || _bytes + e.Size > MaxBytes)
            {
                _lost++;
            }
            else
            {
                // The end of a transfer makes its progress superfluous.
                if (e.ReplacedBy is { } key)
                {
                    _late.Remove(key);
                }

                _events.Enqueue(e);
                _bytes += e.Size;
            }

            _waiting?.TrySetResult();
            _waiting = null;
        }
    }

    internal void Complete()
    {
        lock (_gate)
        {
            _isCompleted = true;
            _waiting?.TrySetResult();
            _waiting = null;
        }
    }

    private bool HasEvents => _events.Count > 0 || _late.Count > 0 || _lost > 0;
}
