# What Send-EGoatFile and its job tell of transfers: objects, errors, warnings, progress; what Tab offers meanwhile.
BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')
    $script:text = Join-Path $folder 'goat.txt'
    $script:program = Join-Path $folder 'goat.exe'
    $script:large = Join-Path $folder 'large.txt'
    [IO.File]::WriteAllText($text, 'goat')
    [IO.File]::WriteAllText($program, 'no')
    [IO.File]::WriteAllBytes($large, [byte[]]::new(20MB))
    $script:server = Start-EGoatSignaling -Port 0
    $script:other = Start-Console 'receiver' @"
        `$null = Join-EGoatRoom goats -Server '$($server.Url)' -DisplayName 'bob o''neil' -Background -WarningAction Ignore
        Receive-EGoatFile '$(Join-Path $folder 'inbox')' -Include *.txt -ErrorAction SilentlyContinue | Out-Null
"@
    $null = $server | Join-EGoatRoom goats -Background -WarningAction Ignore
    $null = $server | Join-EGoatRoom empty -Background -WarningAction Ignore
    Wait-Until { Get-EGoatPeer goats | Where-Object AcceptsFiles }

    # A pipeline whose streams and end can be looked at.
    function Start-Pipeline([string] $Script) {
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$module'; $Script")
        [pscustomobject]@{ Shell = $shell; Running = $shell.BeginInvoke() }
    }

    function Get-Completion([string] $Line) {
        (TabExpansion2 $Line $Line.Length).CompletionMatches
    }
}

AfterAll {
    if (-not $other.HasExited) { $other.Kill() }
    Get-EGoatRoom | Exit-EGoatRoom
    Stop-EGoatSignaling
    Remove-Installation
}

Describe 'A file that is not delivered' {
    It 'is an object and an error about it, and the others are delivered' {
        $transfers = Send-EGoatFile $program, $text -Room goats -ErrorVariable errors -ErrorAction SilentlyContinue
        $transfers | Sort-Object Name | ForEach-Object { "$($_.Name) $($_.State)" } | Should -Be 'goat.exe Rejected', 'goat.txt Completed'
        $errors | Should -HaveCount 1
        $errors[0].FullyQualifiedErrorId | Should -Be 'TransferRejected,EGoat.PowerShell.Commands.SendEGoatFile'
        $errors[0].CategoryInfo.Category | Should -Be 'PermissionDenied'
        $errors[0].TargetObject | Should -BeOfType ([EGoat.EGoatTransfer])
        $errors[0].TargetObject.Name | Should -Be 'goat.exe'
        "$($errors[0])" | Should -BeLike "The file 'goat.exe' was not sent to bob o'neil: *"
    }

    It 'ends a script with -ErrorAction Stop, and can be caught by its type' {
        { Send-EGoatFile $program -Room goats -ErrorAction Stop } | Should -Throw -ErrorId 'TransferRejected,EGoat.PowerShell.Commands.SendEGoatFile'
        $caught = try { Send-EGoatFile $program -Room goats -ErrorAction Stop } catch [EGoat.EGoatTransferException] { $_.Exception.Transfer }
        $caught | Where-Object State -eq Rejected | Should -Not -BeNullOrEmpty
    }
}

Describe 'Progress' {
    It 'is a record for the receiver below that of the call, and both are taken away' {
        $pipeline = Start-Pipeline "Send-EGoatFile '$large' -Room goats"
        $transfer = $pipeline.Shell.EndInvoke($pipeline.Running)
        $transfer.State | Should -Be 'Completed'
        $records = $pipeline.Shell.Streams.Progress | Where-Object Activity -match 'goats|large'
        ($records | Where-Object ActivityId -eq 1)[-1].ParentActivityId | Should -Be 0
        ($records | Where-Object ActivityId -eq 1)[-1].Activity | Should -Be "large.txt to bob o'neil"
        foreach ($id in 0, 1) {
            ($records | Where-Object ActivityId -eq $id)[-1].RecordType | Should -Be 'Completed'
        }
        $pipeline.Shell.Dispose()
    }
}

Describe 'A job' {
    It 'has failed as the command does when nobody accepts files, with a reason' {
        Send-EGoatFile $text -Room empty -ErrorVariable expected -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $job = Send-EGoatFile $text -Room empty -AsJob | Wait-Job -Timeout 120
        $job.State | Should -Be 'Failed'
        $job.HasMoreData | Should -BeTrue
        $job.JobStateInfo.Reason.Message | Should -BeLike "Not everything was delivered in the room 'empty'*"
        $job | Receive-Job -ErrorVariable errors -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        "$($errors[0])" | Should -Be "$expected"
        "$expected" | Should -BeLike "Nobody in the room 'empty' accepts files.*"
        $job | Remove-Job
    }

    It 'has failed with the error of the command when nobody is meant' {
        $job = Send-EGoatFile $text -Room empty -To ada -Timeout 0 -AsJob | Wait-Job -Timeout 120
        $job.State | Should -Be 'Failed'
        $null = $job | Receive-Job -ErrorVariable errors -ErrorAction SilentlyContinue
        "$($errors[0])" | Should -BeLike "Nobody in the room 'empty' is*ada*"
        $job | Remove-Job
    }

    It 'has failed when a file was not delivered, and has the transfers and the error' {
        $job = Send-EGoatFile $program, $text -Room goats -AsJob | Wait-Job -Timeout 120
        $job.State | Should -Be 'Failed'
        $transfers = $job | Receive-Job -ErrorVariable errors -ErrorAction SilentlyContinue
        $transfers | Should -HaveCount 2
        $errors.TargetObject.Name | Should -Be 'goat.exe'
        $job | Remove-Job
        Get-Job -Id $job.Id -ErrorAction Ignore | Should -BeNullOrEmpty
        { Send-EGoatFile $program -Room goats -AsJob | Receive-Job -Wait -AutoRemoveJob -ErrorAction Stop } | Should -Throw "The file 'goat.exe' was not sent*"
    }

    It 'shows progress, is completed by id, and cancels its transfer when it is stopped' {
        Remove-Item (Join-Path $folder 'inbox' 'large*') -ErrorAction Ignore
        $job = Send-EGoatFile $large -Room goats -MaxRate 1MB -AsJob
        Wait-Until { Get-EGoatTransfer goats -Active | Where-Object BytesTransferred -gt 0 }
        Wait-Until { $job.Progress | Where-Object { $_.ActivityId -eq 1 -and $_.SecondsRemaining -gt 0 } }
        $id = (Get-EGoatTransfer goats -Active).Id
        $offered = Get-Completion 'Stop-EGoatTransfer -Id '
        $offered.CompletionText | Should -Be $id
        $offered.ToolTip | Should -Be "large.txt to bob o'neil, Active in goats"
        $job | Stop-Job
        $job.State | Should -Be 'Stopped'
        $transfer = $job | Receive-Job -ErrorVariable errors
        $transfer.State | Should -Be 'Cancelled'
        $errors | Should -BeNullOrEmpty
        $job | Remove-Job
        Get-EGoatTransfer goats -Active | Should -BeNullOrEmpty
    }

    It 'can be removed by force while it runs' {
        Remove-Item (Join-Path $folder 'inbox' 'large*') -ErrorAction Ignore
        $job = Send-EGoatFile $large -Room goats -MaxRate 1MB -AsJob
        Wait-Until { Get-EGoatTransfer goats -Active | Where-Object BytesTransferred -gt 0 }
        $job | Remove-Job -Force
        Wait-Until { -not (Get-EGoatTransfer goats -Active) }
    }
}

Describe 'Completion' {
    It 'offers rooms' {
        (Get-Completion 'Exit-EGoatRoom go').CompletionText | Should -Be 'goats'
        (Get-Completion 'Get-EGoatHistory -Room em').CompletionText | Should -Be 'empty'
    }

    It 'offers peers of the room, quoted: <_>' -ForEach 'Send-EGoatFile x -Room goats -To ', 'Send-EGoatFile x -To bo', 'Send-EGoatFile x -To ''bob o', 'Receive-EGoatFile . -From ', 'Send-EGoatMessage hi -To ', 'Get-EGoatHistory -Peer ', 'Get-EGoatTransfer -Peer ' {
        (Get-Completion $_).CompletionText | Should -Be "'bob o''neil'"
    }

    It 'offers nobody of another room' {
        (Get-Completion 'Send-EGoatFile x -Room empty -To ').CompletionText | Should -Not -Contain "'bob o''neil'"
    }
}

Describe 'Ctrl+C' {
    It 'ends Send-EGoatFile, and the transfer is cancelled' {
        Remove-Item (Join-Path $folder 'inbox' 'large*') -ErrorAction Ignore
        $pipeline = Start-Pipeline "Send-EGoatFile '$large' -Room goats -MaxRate 1MB"
        Wait-Until { Get-EGoatTransfer goats -Active | Where-Object BytesTransferred -gt 0 }
        $pipeline.Shell.Stop()
        $pipeline.Shell.InvocationStateInfo.State | Should -Be 'Stopped'
        $pipeline.Shell.Streams.Error | Should -BeNullOrEmpty
        Get-EGoatTransfer goats -Active | Should -BeNullOrEmpty
        $pipeline.Shell.Dispose()
    }

    # A process that is halted confirms nothing.
    It 'ends Send-EGoatMessage -Wait without an error' -Skip:$IsWindows {
        sh -c "kill -STOP $($other.Id)"
        try {
            $pipeline = Start-Pipeline 'Send-EGoatMessage hello -Room goats -Wait -Timeout 600'
            Wait-Until { Get-EGoatHistory goats -Text hello }
            $pipeline.Running.IsCompleted | Should -BeFalse
            $pipeline.Shell.Stop()
            $pipeline.Shell.InvocationStateInfo.State | Should -Be 'Stopped'
            $pipeline.Shell.Streams.Error | Should -BeNullOrEmpty
            $pipeline.Shell.Dispose()
        }
        finally {
            sh -c "kill -CONT $($other.Id)"
        }
    }
}
