# What people see of the module's objects: columns, lists, and nothing of a peer's making that moves the cursor.
BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')

    $script:transfer = [EGoat.EGoatTransfer]@{
        Id               = '01932f6e-0000-7000-8000-000000000000'
        Room             = 'lobby'
        Name             = 'goat.bin'
        Path             = '/home/ada/goat.bin'
        Peer             = 'bob'
        PeerIdentity     = 'ida3b4c5d6'
        Direction        = 'Sent'
        Length           = 3MB + 17
        BytesTransferred = 2MB
        BytesResumed     = 1MB
        TreeHash         = 'eg2:00ff'
        State            = 'Completed'
        Started          = [DateTimeOffset]::UnixEpoch
        Rate             = 1.25MB
    }

    # The lines of a view without the empty ones.
    function Format-Lines([Parameter(ValueFromPipeline)] $InputObject, [int] $Width = 120) {
        end { (@($input) | Out-String -Width $Width) -replace '\x1b\[[0-9;]*m' -split '\r?\n' | Where-Object { $_.Trim() } | ForEach-Object TrimEnd }
    }

    # The names of the properties of a list.
    function Get-Label([string[]] $Line) {
        $Line | ForEach-Object { if ($_ -match '^(\S+)\s*:') { $Matches[1] } }
    }
}

AfterAll {
    Remove-Installation
}

Describe 'Every view' {
    It 'has a width for each column, of 80 in all at most: objects are not held back' {
        [xml] $formats = Get-Content -Raw (Join-Path $module 'EGoat.Format.ps1xml')
        $tables = $formats.Configuration.ViewDefinitions.View | Where-Object TableControl
        $tables.Count | Should -BeGreaterOrEqual 6
        foreach ($table in $tables) {
            $widths = $table.TableControl.TableHeaders.TableColumnHeader.Width
            $widths | Should -Not -Contain $null -Because $table.Name
            @($widths).Count | Should -Be @($table.TableControl.TableHeaders.TableColumnHeader).Count -Because $table.Name
            ($widths | Measure-Object -Sum).Sum + $widths.Count - 1 | Should -BeLessOrEqual 80 -Because $table.Name
        }
    }
}

Describe 'Every type that a cmdlet emits' {
    It 'has a view, and a list of properties' {
        $types = (Get-Command -Module EGoat).OutputType.Type | Sort-Object FullName -Unique
        $types.Count | Should -BeGreaterOrEqual 5
        foreach ($type in $types) {
            Get-FormatData -TypeName $type.FullName | Should -Not -BeNullOrEmpty -Because $type
            (Get-TypeData -TypeName $type.FullName).DefaultDisplayPropertySet.ReferencedProperties | Should -Not -BeNullOrEmpty -Because $type
        }
    }
}

Describe 'A transfer' {
    It 'is a row of name, peer, state, length, rate and error' {
        $lines = $transfer | Format-Lines
        $lines[0] | Should -Match '^Name\s+Peer\s+State\s+Length\s+MiB/s\s+Error$'
        $lines[2] | Should -Match '^goat\.bin\s+to bob\s+Completed\s+3\.0 MiB\s+1\.2$'
        $lines.Count | Should -Be 3
    }

    It 'shows <Length> bytes as <Shown>' -ForEach @(
        @{ Length = -1; Shown = '?' }
        @{ Length = 0; Shown = '0 B' }
        @{ Length = 1023; Shown = '1023 B' }
        @{ Length = 1536; Shown = '1.5 KiB' }
        @{ Length = 5GB; Shown = '5.0 GiB' }
    ) {
        $row = $transfer.'<Clone>$'()
        $row.GetType().GetProperty('Length').SetValue($row, [long] $Length)
        ($row | Format-Lines)[2] | Should -Match "Completed\s+$([regex]::Escape($Shown))\s+1\.2$"
    }

    It 'says from whom, and why it failed' {
        $row = $transfer.'<Clone>$'()
        foreach ($value in @{ Direction = [EGoat.EGoatDirection]::Received; State = [EGoat.EGoatTransferState]::Failed; Error = 'The disk is full.' }.GetEnumerator()) {
            $row.GetType().GetProperty($value.Key).SetValue($row, $value.Value)
        }
        $lines = $row | Format-Lines
        ($lines[2] + $lines[3].Trim()) | Should -Match '^goat\.bin\s+from bob\s+Failed\s+3\.0 MiB\s+1\.2 The disk is full\.$'
    }

    It 'is a list with hash and what did not have to travel' {
        $lines = $transfer | Format-List | Format-Lines
        Get-Label $lines | Should -Be 'File', 'With', 'Direction', 'State', 'Reason', 'Length', 'BytesTransferred', 'BytesResumed', 'TreeHash'
        $lines -match '^BytesResumed\s*: 1048576$' | Should -HaveCount 1
    }

    It 'shows nothing of a name that moves the cursor' {
        $esc = [char] 27
        $row = $transfer.'<Clone>$'()
        foreach ($value in @{ Name = "go$esc[2Jat`u{202e}"; Peer = "b$esc]0;x`aob"; Error = "a`r`nb" }.GetEnumerator()) {
            $row.GetType().GetProperty($value.Key).SetValue($row, $value.Value)
        }
        foreach ($text in ($row | Out-String -Width 120), ($row | Format-List | Out-String -Width 120)) {
            $plain = $text -replace '\x1b\[[0-9;]*m'
            $plain | Should -Not -Match '[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]'
            $plain | Should -Match ([regex]::Escape('go\u001b[2Jat\u202e'))
        }
    }
}

Describe 'A message' {
    BeforeAll {
        $script:message = [EGoat.EGoatMessage]@{
            Id = 'm'; Room = 'lobby'; From = 'ada'; FromIdentity = 'ida3'; Text = "one`r`ntwo $([char] 27)[2J"
            SentAt = [DateTimeOffset]::UnixEpoch; ReceivedAt = [DateTimeOffset]::UnixEpoch; Direction = 'Received'
        }
    }

    It 'is a row of time, room, sender and text' {
        $lines = $message | Format-Lines
        $lines[0] | Should -Match '^Received\s+Room\s+From\s+Text$'
        $lines[2] | Should -Match '^1970-01-01 \d\d:\d\d:\d\d lobby\s+ada\s+one$|^19(69|70)-\d\d-\d\d \d\d:\d\d:\d\d lobby\s+ada\s+one$'
        $lines[3].Trim() | Should -Be 'two \u001b[2J'
    }

    It 'has local times, which subtract, survive Clixml and are given to -Since' {
        $message.ReceivedAt | Should -BeOfType ([DateTime])
        $message.ReceivedAt.Kind | Should -Be 'Local'
        $message.ReceivedAt.ToUniversalTime() | Should -Be ([DateTime]::UnixEpoch)
        $message.ReceivedAtOffset | Should -Be ([TimeZoneInfo]::Local.GetUtcOffset([DateTimeOffset]::UnixEpoch))
        ((Get-Date) - $message.ReceivedAt).TotalDays | Should -BeGreaterThan 20000
        ($message | ConvertTo-Json | ConvertFrom-Json).ReceivedAt.ToUniversalTime() | Should -Be ([DateTime]::UnixEpoch)
        { Get-EGoatHistory -Since $message.ReceivedAt -Until ([DateTimeOffset]::UnixEpoch) } | Should -Not -Throw
    }

    It 'looks the same when it has come through Clixml or a job' {
        $copy = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($message))
        $copy.ReceivedAt | Should -BeOfType ([DateTime])
        $copy | Format-Lines | Should -Be ($message | Format-Lines)
        Get-Label ($copy | Format-List | Format-Lines) | Should -Be (Get-Label ($message | Format-List | Format-Lines))
        $copy = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize($transfer))
        $copy | Format-Lines | Should -Be ($transfer | Format-Lines)
    }

    It 'is a list of what matters' {
        Get-Label ($message | Format-List | Format-Lines) | Should -Be 'ReceivedAt', 'Room', 'Sender', 'Message'
    }
}

Describe 'A peer' {
    BeforeAll {
        $script:peer = [EGoat.EGoatPeer]@{ Id = 'p'; Room = 'lobby'; Name = 'bob'; Identity = 'ida3b4c5d6'; State = 'Connected'; AcceptsFiles = $true; Address = '127.0.0.1:9' }
    }

    It 'is a row of name, state, whether it takes files, room and identity' {
        $lines = $peer | Format-Lines
        $lines[0] | Should -Match '^Name\s+State\s+Files\s+Room\s+Identity$'
        $lines[2] | Should -Match '^bob\s+Connected\s+True\s+lobby\s+ida3b4c5d6$'
    }

    It 'is a list with the same' {
        Get-Label ($peer | Format-List | Format-Lines) | Should -Be 'Member', 'State', 'AcceptsFiles', 'Room', 'Identity', 'Address'
    }

    It 'has statistics as a list, with the path of the connection' {
        $statistics = [EGoat.EGoatPeerStatistics]@{
            RoundTripTime = [TimeSpan]::FromMilliseconds(1.5); LocalAddress = '10.0.0.1:1'; LocalCandidateType = 'host'
            RemoteAddress = '10.0.0.2:2'; RemoteCandidateType = 'srflx'; BytesSent = 7
        }
        $lines = $statistics | Format-Lines
        $lines -match '^RoundTrip\s*: 1\.5 ms$' | Should -HaveCount 1
        $lines -match '^Path\s*: 10\.0\.0\.1:1 \(host\) - 10\.0\.0\.2:2 \(srflx\)$' | Should -HaveCount 1
        $lines -match '^BytesSent\s*: 7$' | Should -HaveCount 1
    }
}

Describe 'A server and a room' {
    BeforeAll {
        $script:server = Start-EGoatSignaling -Port 0
        $script:room = $server | Join-EGoatRoom lobby -DisplayName ada -Background -WarningAction Ignore
    }

    AfterAll {
        Exit-EGoatRoom lobby
        Stop-EGoatSignaling
    }

    It 'are rows' {
        $lines = $server | Format-Lines
        $lines[0] | Should -Match '^Url\s+Rooms Peers IsRunning$'
        $lines[2] | Should -Match "^$([regex]::Escape($server.Url))\s+1\s+1\s+True$"
        $lines = $room | Format-Lines
        $lines[0] | Should -Match '^Name\s+State\s+Peers\s+As\s+Server$'
        $lines[2] | Should -Match "^lobby\s+Joined\s+0\s+ada\s+$([regex]::Escape($server.Url))"
    }

    It 'are lists' {
        Get-Label ($server | Format-List | Format-Lines) | Should -Be 'Url', 'Page', 'Rooms', 'Peers', 'IsRunning'
        Get-Label ($room | Format-List | Format-Lines) | Should -Be 'Name', 'State', 'DisplayName', 'Server', 'Id'
    }
}
