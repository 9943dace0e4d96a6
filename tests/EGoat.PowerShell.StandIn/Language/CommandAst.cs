namespace System.Management.Automation.Language;

/// <summary>Stand-in: the parsed command that a completer is asked for.</summary>
public class CommandAst;
