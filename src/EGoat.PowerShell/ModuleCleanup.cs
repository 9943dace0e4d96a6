using System.Management.Automation;
using EGoat.Node;

namespace EGoat.PowerShell;

/// <summary>Leaves all rooms and stops all servers when the module is removed.</summary>
public sealed class ModuleCleanup : IModuleAssemblyCleanup
{
    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo) => Task.Run(EGoatNode.CloseSharedAsync).GetAwaiter().GetResult();
}
