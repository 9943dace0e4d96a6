using System.Management.Automation;

namespace EGoat.PowerShell;

/// <summary>The text of an object that comes through a pipeline.</summary>
internal static class PipelineText
{
    /// <summary>A string, a number or another simple value, or a property Text; null when the object has no text.</summary>
    public static string? Find(PSObject item) => item.BaseObject switch
    {
        string text => text,
        EGoatMessage message => message.Text,
        IFormattable and ValueType => LanguagePrimitives.ConvertTo<string>(item.BaseObject),
        bool or char or Version or Uri => LanguagePrimitives.ConvertTo<string>(item.BaseObject),
        _ => item.Properties["Text"]?.Value is { } value ? LanguagePrimitives.ConvertTo<string>(value) : null,
    };
}
