namespace EGoat.PowerShell;

/// <summary>Says what is to be done in the words of PowerShell: messages of the parts below name the options of the program.</summary>
internal static class Remedy
{
    private static readonly (string Program, string PowerShell)[] Words =
    [
        ("--recurse (-Recurse)", "-Recurse"),
        ("--follow-symlink (-FollowSymlink)", "-FollowSymlink"),
        ("--data or EGOAT_HOME", "the environment variable EGOAT_HOME"),
        ("with --data,", "with the environment variable EGOAT_HOME,"),
        ("'egoat serve --ice-server'", "Start-EGoatSignaling -IceServer"),
        ("Is 'egoat serve' running there", "Is a signaling server running there (Start-EGoatSignaling)"),
        ("start 'egoat serve'", "start a server with Start-EGoatSignaling"),
        ("that 'egoat serve' prints", "that Start-EGoatSignaling returns"),
        ("'egoat serve'", "Start-EGoatSignaling"),
        ("'egoat send'", "Send-EGoatFile"),
        ("'egoat receive'", "Receive-EGoatFile"),
        ("--insecure-http", "-InsecureHttp"),
        ("--relay-only", "-RelayOnly"),
        ("--port", "-Port"),
    ];

    /// <summary>A message as PowerShell says it.</summary>
    public static string InPowerShell(string message)
    {
        foreach ((string program, string powerShell) in Words)
        {
            message = message.Replace(program, powerShell, StringComparison.Ordinal);
        }

        return message;
    }
}
