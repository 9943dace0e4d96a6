using System.Management.Automation;
using System.Management.Automation.Runspaces;
using EGoat.Node;

namespace EGoat.PowerShell;

/// <summary>
/// Leaves all rooms and stops all servers when the module is removed from the last runspace that has it: they are those of the
/// process, and another runspace may use them.
/// </summary>
public sealed class ModuleCleanup : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private static readonly Lock Gate = new();

    /// <summary>The runspaces that have imported the module; a closed one does not say so.</summary>
    private static readonly List<WeakReference<Runspace>> Users = [];

    /// <inheritdoc/>
    public void OnImport()
    {
        if (Runspace.DefaultRunspace is { } runspace)
        {
            lock (Gate)
            {
                Forget(runspace);
                Users.Add(new WeakReference<Runspace>(runspace));
            }
        }
    }

    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        lock (Gate)
        {
            Forget(Runspace.DefaultRunspace);
            if (Users.Count > 0)
            {
                return;
            }
        }

        Task.Run(EGoatNode.CloseSharedAsync).GetAwaiter().GetResult();
    }

    private static void Forget(Runspace? gone) => Users.RemoveAll(u => !u.TryGetTarget(out Runspace? user) || user == gone || user.RunspaceStateInfo.State is not (RunspaceState.Opened or RunspaceState.Opening));
}
