using System.Runtime.InteropServices;

namespace EGoat.Cli;

/// <summary>
/// The signals that end the program: Ctrl+C interrupts it, SIGTERM and SIGHUP stop it. From its creation on, so that no phase
/// of a command is without it.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    /// <summary>How long the program may take to end in order; then it ends without.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>The first signal that came, 0 for none.</summary>
    private int _first;
    private Timer? _forced;

    public StopSignals()
    {
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, Handle));
        }
    }

    /// <summary>Is cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>Whether the program was stopped as a service is, instead of being interrupted.</summary>
    public bool IsStopped => (PosixSignal)Volatile.Read(ref _first) is PosixSignal.SIGTERM or PosixSignal.SIGHUP;

    public void Dispose()
    {
        _registrations.ForEach(r => r.Dispose());
        _forced?.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.CompareExchange(ref _first, (int)context.Signal, 0) == 0)
        {
            _forced = new Timer(_ => Environment.Exit(ExitCode.Interrupted), null, Grace, Timeout.InfiniteTimeSpan);
            _source.Cancel();
        }
        else if (context.Signal == PosixSignal.SIGINT)
        {
            // Whoever presses Ctrl+C again does not want to wait.
            Environment.Exit(ExitCode.Interrupted);
        }
    }
}
