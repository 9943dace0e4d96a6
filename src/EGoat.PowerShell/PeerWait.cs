using EGoat.Mesh;

namespace EGoat.PowerShell;

/// <summary>Waits for something to become true of a room's members.</summary>
internal static class PeerWait
{
    /// <summary>Waits until it is so.</summary>
    /// <returns>Whether it became so within the time.</returns>
    /// <exception cref="RoomException">The room was left meanwhile.</exception>
    public static async Task<bool> RunAsync(Room room, Func<bool> isSo, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using RoomSubscription changes = room.Subscribe();
        if (isSo())
        {
            return true;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(timeout);
        try
        {
            await foreach (RoomEvent e in changes.ReadAllAsync(limit.Token).ConfigureAwait(false))
            {
                if (e is RoomPeerChanged && isSo())
                {
                    return true;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return isSo();
        }

        throw new RoomException($"The room '{room.Name}' was left.");
    }
}
