using System.CommandLine;

namespace EGoat.Cli.Commands;

/// <summary><c>egoat completion SHELL</c>: a script that lets a shell ask this program what may follow.</summary>
internal static class CompletionCommand
{
    private const string Bash =
        """
        # egoat completion bash > ~/.local/share/bash-completion/completions/egoat
        _egoat() {
            local IFS=$'\n'
            COMPREPLY=($(compgen -W "$(egoat "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _egoat egoat
        """;

    private const string Zsh =
        """
        #compdef egoat
        # egoat completion zsh > "${fpath[1]}/_egoat"
        _egoat() {
            local -a found
            found=("${(@f)$(egoat "[suggest:$#BUFFER]" "$BUFFER" 2>/dev/null)}")
            compadd -- $found
            _files
        }
        compdef _egoat egoat
        """;

    private const string Fish =
        """
        # egoat completion fish > ~/.config/fish/completions/egoat.fish
        function __egoat
            set -l line (commandline -cp)
            egoat "[suggest:"(string length -- $line)"]" "$line" 2>/dev/null
        end
        complete -c egoat -a '(__egoat)'
        """;

    private const string PowerShell =
        """
        # egoat completion pwsh >> $PROFILE
        Register-ArgumentCompleter -Native -CommandName egoat -ScriptBlock {
            param($word, $ast, $position)
            egoat "[suggest:$position]" "$ast" 2>$null | Where-Object { $_ -like "$word*" } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
        }
        """;

    private static readonly IReadOnlyDictionary<string, string> Scripts = new Dictionary<string, string> { ["bash"] = Bash, ["zsh"] = Zsh, ["fish"] = Fish, ["pwsh"] = PowerShell };

    public static Command Create(StopSignals signals)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh, fish or pwsh." };
        shell.AcceptOnlyFromAmong([.. Scripts.Keys]);
        var command = new Command("completion", "Write a script for a shell, so that Tab completes commands and options.") { shell };
        command.SetAction((result, _) => Program.RunAsync(
            () =>
            {
                Console.WriteLine(Scripts[result.GetRequiredValue(shell)].ReplaceLineEndings());
                return Task.FromResult(ExitCode.Done);
            },
            signals));
        return command;
    }
}
