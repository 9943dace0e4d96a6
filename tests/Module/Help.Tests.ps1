# The help that Get-Help finds.
BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')
}

AfterAll {
    Remove-Installation
}

Describe 'Help' {
    It 'tells of every cmdlet what it does, and shows an example' {
        foreach ($command in Get-Command -Module EGoat) {
            $help = Get-Help $command.Name -Full
            $help.Synopsis.Trim() | Should -Match '^[A-Z][^\n]{10,}$' -Because $command.Name
            $help.Synopsis | Should -Not -Match "^\s*$($command.Name)" -Because 'without help PowerShell shows the syntax'
            @($help.Examples.Example)[0].Code | Should -Match 'EGoat' -Because $command.Name
        }
    }

    It 'describes every parameter, with the syntax that the cmdlet has' {
        $common = [System.Management.Automation.PSCmdlet]::CommonParameters
        foreach ($command in Get-Command -Module EGoat) {
            $help = Get-Help $command.Name -Full
            $names = $command.Parameters.Keys | Where-Object { $_ -notin $common } | Sort-Object
            @($help.Parameters.Parameter.Name) | Where-Object { $_ } | Sort-Object | Should -Be $names -Because $command.Name
            foreach ($parameter in $help.Parameters.Parameter) {
                ($parameter.Description.Text -join '') | Should -Not -BeNullOrEmpty -Because "$($command.Name) -$($parameter.Name)"
            }
            @($help.Syntax.SyntaxItem).Count | Should -Be $command.ParameterSets.Count -Because $command.Name
        }
    }

    It 'has examples of Send-EGoatFile that parse' {
        $text = Get-Help Send-EGoatFile -Examples | Out-String -Width 200
        $text | Should -Match 'Example 1'
        $text | Should -Match 'Send-EGoatFile \./goat\.iso -Room lobby'
        foreach ($command in Get-Command -Module EGoat) {
            foreach ($example in (Get-Help $command.Name).Examples.Example) {
                $errors = $null
                $ast = [System.Management.Automation.Language.Parser]::ParseInput($example.Code, [ref] $null, [ref] $errors)
                $errors | Should -BeNullOrEmpty -Because $example.Code
                foreach ($used in $ast.FindAll({ $args[0] -is [System.Management.Automation.Language.CommandAst] }, $true)) {
                    $found = Get-Command $used.GetCommandName() -ErrorAction Stop
                    foreach ($name in $used.CommandElements.ParameterName | Where-Object { $_ }) {
                        $found.Parameters.Keys | Should -Contain $name -Because $example.Code
                    }
                }
            }
        }
    }

    It 'is found without an import' {
        $script = "`$env:PSModulePath = '$(Split-Path $module)'; (Get-Help Send-EGoatFile).Synopsis; (Get-Help about_EGoat | Out-String).Length"
        $arguments = @($console | Select-Object -Skip 1)
        $lines = & $console[0] @arguments -NoProfile -NonInteractive -Command $script
        $lines[0] | Should -Match '^Sends files and folders'
        [int] $lines[-1] | Should -BeGreaterThan 1000
    }
}
