using System.Globalization;
using System.Threading.Channels;
using EGoat.WebRtc.Tracing;

namespace EGoat.Mesh;

/// <summary>
/// What connections, rooms and transfers tell from now on, as lines, until it is disposed of. While there is one, they make
/// what they tell.
/// </summary>
public sealed class TraceSubscription : IDisposable
{
    /// <summary>Events that wait to be read. Nobody waits for a reader: what comes beyond it is lost, and said to be.</summary>
    private const int Capacity = 8192;

    private readonly Tracer _tracer;
    private readonly TimeProvider _time;
    private readonly Channel<(DateTimeOffset At, TraceEvent Event)> _events = Channel.CreateBounded<(DateTimeOffset, TraceEvent)>(Capacity);
    private long _lost;

    /// <param name="tracer">Who tells.</param>
    /// <param name="time">The clock, and its time zone; null for the machine's.</param>
    public TraceSubscription(Tracer tracer, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(tracer);
        _tracer = tracer;
        _time = time ?? TimeProvider.System;
        lock (_tracer)
        {
            _tracer.Handler += Take;
        }
    }

    /// <summary>Takes the next line, as <c>12:34:56.789 Ice lobby/abcdefgh: Connected</c>, in local time. False when there is none now.</summary>
    public bool TryRead(out string line)
    {
        if (_events.Reader.TryRead(out (DateTimeOffset At, TraceEvent Event) next))
        {
            line = string.Create(CultureInfo.InvariantCulture, $"{next.At:HH:mm:ss.fff} {next.Event.Category,-10} {VisibleText.Line(next.Event.Subject)}: {VisibleText.Line(next.Event.Text)}");
            return true;
        }

        long lost = Interlocked.Exchange(ref _lost, 0);
        line = lost > 0 ? string.Create(CultureInfo.InvariantCulture, $"{lost} events came faster than they were read and are lost") : "";
        return lost > 0;
    }

    /// <summary>Waits for a line. False when it was disposed of and everything was read.</summary>
    public async Task<bool> WaitToReadAsync(CancellationToken cancellationToken = default) => await _events.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Ends the subscription; what has come can still be read.</summary>
    public void Dispose()
    {
        lock (_tracer)
        {
            _tracer.Handler -= Take;
        }

        _events.Writer.TryComplete();
    }

    private void Take(TraceEvent e)
    {
        if (!_events.Writer.TryWrite((_time.GetLocalNow(), e)))
        {
            Interlocked.Increment(ref _lost);
        }
    }
}
