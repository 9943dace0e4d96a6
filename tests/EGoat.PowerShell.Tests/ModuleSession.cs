using System.Collections.Concurrent;
using System.Management.Automation.Runspaces;
using System.Reflection;
using System.Runtime.Loader;

namespace EGoat.PowerShell.Tests;

/// <summary>
/// Runspaces of this process with the staged module imported. The module loads into its own context, so the installation of the
/// module and another one that a test opens are apart though they share a process.
/// </summary>
internal sealed class ModuleSession : IDisposable
{
    /// <summary>Sessions that nobody uses: importing takes longer than most tests.</summary>
    private static readonly ConcurrentBag<ModuleSession> Idle = [];

    private ModuleSession(TestHost host, Runspace runspace) => (Host, Runspace) = (host, runspace);

    public TestHost Host { get; }

    public Runspace Runspace { get; }

    /// <summary>Takes a session that nobody uses, or makes one.</summary>
    public static ModuleSession Take()
    {
        if (Idle.TryTake(out ModuleSession? idle))
        {
            return idle;
        }

        InitialSessionState state = InitialSessionState.CreateDefault2();
        state.ThrowOnRunspaceOpenError = true;
        state.ImportPSModule([Repository.Module]);
        var host = new TestHost();
        Runspace runspace = RunspaceFactory.CreateRunspace(host, state);
        runspace.Open();
        return new ModuleSession(host, runspace);
    }

    private static Type? Node =>
        AssemblyLoadContext.All.SingleOrDefault(c => c.Name == "EGoat")?.Assemblies.SingleOrDefault(a => a.GetName().Name == "EGoat.Node")?.GetType("EGoat.Node.EGoatNode");

    /// <summary>Whether the module in this process has opened its installation.</summary>
    public static bool HasInstallation => Node?.GetProperty("Shared", BindingFlags.Public | BindingFlags.Static)!.GetValue(null) is not null;

    /// <summary>Leaves the rooms and stops the servers of the module in this process.</summary>
    public static Task CloseInstallationAsync() =>
        (Task?)Node?.GetMethod("CloseSharedAsync", BindingFlags.Public | BindingFlags.Static)!.Invoke(null, null) ?? Task.CompletedTask;

    /// <summary>Gives the session back.</summary>
    public void Dispose()
    {
        if (Runspace.RunspaceAvailability == RunspaceAvailability.Available)
        {
            Host.Questions.Clear();
            Host.Answer = _ => "Yes";
            Idle.Add(this);
        }
        else
        {
            Runspace.Dispose();
        }
    }
}
