using System.Management.Automation;

namespace EGoat.PowerShell;

/// <summary>Takes a point in time with an offset as well as a local one.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TimeArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is DateTimeOffset time ? time.LocalDateTime : inputData;
}
