# The lines of the README for pwsh and the examples of the module do what they say, in consoles of their own.
BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')
    $script:root = Join-Path $PSScriptRoot '..' '..' | Resolve-Path

    # A port that nobody uses: the README's own may be taken on this machine.
    $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
    $listener.Start()
    $script:port = $listener.LocalEndpoint.Port
    $listener.Stop()

    # The indented blocks of the README that import the module.
    $shown = [regex]::Matches((Get-Content -Raw (Join-Path $root 'README.md')), '(?m)(^    [^\n]+\n)+').Value | Where-Object { $_ -match 'Import-Module' }
    $script:blocks = $shown | ForEach-Object { $_ -replace '(?m)^    ' -replace '\b4747\b', $port -replace 'Start-EGoatSignaling', "Start-EGoatSignaling $port" }
}

AfterAll {
    Remove-Installation
}

Describe 'The README' {
    It 'shows two consoles that talk: <_>' -ForEach 'of one installation', 'of two installations' {
        $blocks | Should -HaveCount 2
        $name = $_ -replace ' '
        $first = Start-Console $name "Set-Location '$root'; $($blocks[0])"
        $second = Start-Console $($_ -match 'two' ? "$name-2" : $name) "Set-Location '$root'; $($blocks[1])"
        try {
            $blocks[1] | Should -Match ":$port "
            foreach ($console in $first, $second) {
                if (-not $console.WaitForExit(120000)) {
                    $first, $second | Where-Object { -not $_.HasExited } | ForEach-Object { $_.Kill() }
                    throw "A console did not end.`n$(($first, $second | ForEach-Object { $_.StandardOutput.ReadToEnd(); $_.StandardError.ReadToEnd() }) -join "`n---`n")"
                }
            }

            $first.StandardError.ReadToEnd() | Should -Not -Match 'S="Error"'
            "$($second.StandardOutput.ReadToEnd()) $($second.StandardError.ReadToEnd())" | Should -Match 'Hello'
            $first.StandardOutput.ReadToEnd() | Should -Match 'Hello'
            $first.ExitCode | Should -Be 0
            $second.ExitCode | Should -Be 0
        }
        finally {
            $first, $second | Where-Object { -not $_.HasExited } | ForEach-Object { $_.Kill() }
        }
    }
}

Describe 'The examples' {
    It 'send logs to whoever accepts files' {
        $server = Start-EGoatSignaling -Port 0
        $logs = New-Item -ItemType Directory (Join-Path $folder 'logs')
        'goat' | Set-Content (Join-Path $logs 'today.log')
        $sender = Start-Console 'logs' "& '$(Join-Path $root 'examples' 'Send-Logs.ps1')' -Server '$($server.Url)' -Path '$(Join-Path $logs '*.log')' | ForEach-Object State"
        try {
            $received = $server | Join-EGoatRoom logs -Destination (Join-Path $folder 'inbox') -Count 1 -Timeout 120 -WarningAction Ignore
            $received.State | Should -Be 'Completed'
            $sender.StandardOutput.ReadToEnd().Trim() | Should -Be 'Completed'
            Get-Content (Join-Path $folder 'inbox' 'today.log') | Should -Be 'goat'
        }
        finally {
            if (-not $sender.HasExited) { $sender.Kill() }
            Stop-EGoatSignaling
        }
    }

    It 'answer in a room' {
        $server = Start-EGoatSignaling -Port 0
        $bot = Start-Console 'bot' "& '$(Join-Path $root 'examples' 'Watch-Room.ps1')' -Server '$($server.Url)' -WarningAction Ignore"
        try {
            $null = $server | Join-EGoatRoom lobby -Background -WaitForPeer 1 -Timeout 120 -WarningAction Ignore
            $null = Send-EGoatMessage 'ping' -Wait
            (Receive-EGoatMessage -Wait -Count 1 -Timeout 60).Text | Should -Be 'pong'
        }
        finally {
            if (-not $bot.HasExited) { $bot.Kill() }
            Exit-EGoatRoom lobby
            Stop-EGoatSignaling
        }
    }
}
