using Microsoft.PowerShell;

// `dotnet EGoat.PowerShell.Tests.dll ARGUMENTS` is what `pwsh ARGUMENTS` is: tests start a second console with it where
// no pwsh is installed.
return ConsoleShell.Start("", "", args);
