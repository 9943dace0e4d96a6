namespace EGoat.Terminal;

/// <summary>A row of a screen.</summary>
/// <param name="Text">What it shows: clean, and not wider than the screen.</param>
/// <param name="Style">The parameters of the SGR sequence before it, such as <c>2</c> for dim; empty for none.</param>
public readonly record struct ScreenRow(string Text, string Style = "");
