namespace System.Management.Automation.Language;

/// <summary>Stand-in: makes text that PowerShell reads as written.</summary>
public static class CodeGeneration
{
    /// <summary>Doubles the single quotes, the typographic ones too.</summary>
    public static string EscapeSingleQuotedStringContent(string value) =>
        string.Concat(value.Select(c => c is '\'' or '\u2018' or '\u2019' or '\u201a' or '\u201b' ? $"{c}{c}" : $"{c}"));
}
