using System.Management.Automation;

namespace EGoat.PowerShell;

/// <summary>Where a command's output goes: to the pipeline, on its thread, or into the streams of a job.</summary>
internal interface IOutput
{
    void WriteObject(object? sendToPipeline);

    void WriteError(ErrorRecord errorRecord);

    void WriteWarning(string text);

    void WriteProgress(ProgressRecord progressRecord);

    /// <summary>Waits, and throws what went wrong as it is.</summary>
    T WaitFor<T>(Task<T> task);
}
