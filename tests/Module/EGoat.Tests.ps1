# Runs the module in a real PowerShell: import, binding, formatting, and two processes that talk.
BeforeAll {
    . (Join-Path $PSScriptRoot 'Common.ps1')
}

AfterAll {
    Remove-Installation
}

Describe 'The module' {
    It 'exports exactly its cmdlets' {
        $manifest = Import-PowerShellDataFile (Join-Path $module 'EGoat.psd1')
        (Get-Command -Module EGoat).Name | Sort-Object | Should -Be ($manifest.CmdletsToExport | Sort-Object)
    }

    It 'keeps its dependencies out of the default load context' {
        $assemblies = [System.Runtime.Loader.AssemblyLoadContext]::Default.Assemblies | Where-Object { -not $_.IsDynamic }
        $assemblies | ForEach-Object { $_.GetName().Name } | Should -Contain 'EGoat'
        if (-not $env:EGOAT_TEST_CONSOLE) {
            # What hosts these tests where no pwsh does has some of its own.
            $assemblies | ForEach-Object { $_.GetName().Name } | Should -Not -Contain 'EGoat.Mesh'
            $assemblies | ForEach-Object { $_.GetName().Name } | Should -Not -Contain 'Microsoft.Data.Sqlite'
        }
        $assemblies | Where-Object Location -Like (Join-Path $module 'bin' '*') | ForEach-Object { $_.GetName().Name } | Where-Object { $_ -ne 'EGoat' } | Should -BeNullOrEmpty
        [System.Runtime.Loader.AssemblyLoadContext]::GetLoadContext((Get-Command Send-EGoatFile).ImplementingType.Assembly).Name | Should -Be 'EGoat'
    }

    It 'can be imported again' {
        Import-Module $module -Force
        (Get-Command -Module EGoat).Count | Should -BeGreaterThan 10
    }

    It 'says what is missing when no room is joined' {
        { Send-EGoatMessage 'hi' } | Should -Throw 'No room is joined. Join one with: Join-EGoatRoom*'
    }

    It 'takes no path that is not one of files' {
        $server = Start-EGoatSignaling -Port 0
        $null = $server | Join-EGoatRoom paths -Background -WarningAction Ignore
        try {
            Send-EGoatFile Env:PATH -ErrorVariable errors -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
            $errors.FullyQualifiedErrorId | Should -Be 'NotInFileSystem,EGoat.PowerShell.Commands.SendEGoatFile'
            { Receive-EGoatFile Function:goat } | Should -Throw "'Function:goat' is not in the file system."
        }
        finally {
            Exit-EGoatRoom paths
            Stop-EGoatSignaling
        }
    }

    It 'names a server that is not there and the remedy' {
        { Join-EGoatRoom lobby -Server 'http://127.0.0.1:9' -Background -Timeout 1 } | Should -Throw '*cannot be reached. Nothing listens there: start a server with Start-EGoatSignaling*' -ErrorId 'ServerUnreachable,*'
    }

    It 'refuses a room name that is none' {
        { Join-EGoatRoom 'not a name' -Server 'http://127.0.0.1:9' -Background } | Should -Throw '*is not a room name*'
    }
}

Describe 'A room' {
    BeforeAll {
        $script:server = Start-EGoatSignaling -Port 0
    }

    AfterAll {
        Get-EGoatRoom | Exit-EGoatRoom
        Stop-EGoatSignaling
        Get-EGoatSignaling | Should -BeNullOrEmpty
    }

    It 'prints in one console the object that another sent with -Wait' {
        $other = Start-Console 'sender' @"
            `$null = Join-EGoatRoom lobby -Server '$($server.Url)' -DisplayName ada -Background -WarningAction Ignore
            while (-not (Get-EGoatPeer | Where-Object State -eq Connected)) { Start-Sleep -Milliseconds 50 }
            (Send-EGoatMessage 'hi' -Wait).Id
            Exit-EGoatRoom
"@
        try {
            $message = $server | Join-EGoatRoom lobby -Count 1 -Timeout 120 -WarningAction Ignore
            $message | Should -BeOfType ([EGoat.EGoatMessage])
            $message.Text | Should -Be 'hi'
            $message.From | Should -Be 'ada'
            $message.Direction | Should -Be 'Received'
            $other.StandardOutput.ReadToEnd().Trim() | Should -Be $message.Id -Because $other.StandardError.ReadToEnd()
            $other.WaitForExit(120000) | Should -BeTrue
            $found = Get-EGoatHistory -Room lobby | Where-Object Text -eq 'hi'
            $found.Id | Should -Be $message.Id
            $found | Out-String | Should -Match 'lobby\s+ada\s+hi'
        }
        finally {
            if (-not $other.HasExited) { $other.Kill() }
        }
    }

    It 'sends a file that arrives equal, and shows the transfer' {
        $inbox = Join-Path $TestDrive 'inbox'
        $source = Join-Path $TestDrive 'goat [1].bin'
        $bytes = [byte[]]::new(3MB + 17)
        [Random]::new(1).NextBytes($bytes)
        [IO.File]::WriteAllBytes($source, $bytes)
        $other = Start-Console 'receiver' "Join-EGoatRoom files -Server '$($server.Url)' -DisplayName bob -Destination '$inbox' -Count 1 -Timeout 120 -WarningAction Ignore | ForEach-Object Path"
        try {
            $null = $server | Join-EGoatRoom files -Background -WarningAction Ignore
            Wait-Until { Get-EGoatPeer files | Where-Object AcceptsFiles }
            $transfer = Get-Item -LiteralPath $source | Send-EGoatFile -Room files
            $transfer.State | Should -Be 'Completed'
            $transfer.Peer | Should -Be 'bob'
            $transfer.Length | Should -Be $bytes.Length
            $path = $other.StandardOutput.ReadToEnd().Trim()
            (Get-FileHash -LiteralPath $path).Hash | Should -Be (Get-FileHash -LiteralPath $source).Hash
            (Get-EGoatTransfer files).TreeHash | Should -Be $transfer.TreeHash
        }
        finally {
            if (-not $other.HasExited) { $other.Kill() }
            Get-EGoatRoom files | Exit-EGoatRoom
        }
    }

    It 'sends a folder as a job to a console that receives by rules' {
        $inbox = Join-Path $TestDrive 'folders'
        $tree = Join-Path $TestDrive 'tree'
        $null = New-Item -ItemType Directory -Path (Join-Path $tree 'sub'), (Join-Path $tree 'empty')
        [IO.File]::WriteAllText((Join-Path $tree 'goat.txt'), 'goat')
        [IO.File]::WriteAllText((Join-Path $tree 'sub' 'long.txt'), 'goat' * 1000)
        [IO.File]::WriteAllText((Join-Path $tree 'sub' 'goat.exe'), 'no')
        $other = Start-Console 'folders' @"
            `$null = Join-EGoatRoom folders -Server '$($server.Url)' -DisplayName bob -Background -WarningAction Ignore
            Receive-EGoatFile '$inbox' -Exclude *.exe -MaxLength 1MB -Count 2 -Timeout 120 | ForEach-Object { "`$(`$_.Name) `$(`$_.State)" }
            (Get-EGoatTransfer -State Completed).Count
            Exit-EGoatRoom
"@
        try {
            $null = $server | Join-EGoatRoom folders -Background -WarningAction Ignore
            Wait-Until { Get-EGoatPeer folders | Where-Object AcceptsFiles }
            $job = Send-EGoatFile $tree -Recurse -Room folders -AsJob
            $job | Should -BeOfType ([System.Management.Automation.Job])
            $job.PSJobTypeName | Should -Be 'EGoatTransferJob'
            $transfers = $job | Wait-Job -Timeout 120 | Receive-Job -ErrorVariable errors -ErrorAction SilentlyContinue
            $errors.TargetObject.Name | Should -Be 'tree/sub/goat.exe'
            ($transfers | Where-Object State -eq Completed).Name | Sort-Object | Should -Be 'tree/goat.txt', 'tree/sub/long.txt'
            ($transfers | Where-Object State -eq Rejected).Name | Should -Be 'tree/sub/goat.exe'
            $job | Remove-Job
            $lines = $other.StandardOutput.ReadToEnd().Trim() -split '\r?\n'
            $lines | Should -Contain 'tree/sub/goat.exe Rejected'
            $lines | Should -Contain 'tree/sub/long.txt Completed'
            $lines[-1] | Should -Be '2'
            Test-Path -LiteralPath (Join-Path $inbox 'tree' 'empty') | Should -BeTrue
            [IO.File]::ReadAllText((Join-Path $inbox 'tree' 'goat.txt')) | Should -Be 'goat'
        }
        finally {
            if (-not $other.HasExited) { $other.Kill() }
            Get-EGoatRoom folders | Exit-EGoatRoom
        }
    }

    It 'pauses, resumes and stops transfers, and a stopped job cancels them' {
        $inbox = Join-Path $TestDrive 'control'
        $source = Join-Path $TestDrive 'large.bin'
        [IO.File]::WriteAllBytes($source, [byte[]]::new(40MB))
        $other = Start-Console 'control' "Join-EGoatRoom control -Server '$($server.Url)' -DisplayName bob -Destination '$inbox' -Count 3 -Timeout 120 -WarningAction Ignore | ForEach-Object State"
        try {
            $null = $server | Join-EGoatRoom control -Background -WarningAction Ignore
            Wait-Until { Get-EGoatPeer control | Where-Object AcceptsFiles }
            $job = Send-EGoatFile $source -Room control -MaxRate 10MB -AsJob
            Wait-Until { Get-EGoatTransfer control -Active | Where-Object BytesTransferred -gt 0 }
            Get-EGoatTransfer control -Active | Suspend-EGoatTransfer
            (Get-EGoatTransfer control -Active).State | Should -Be 'Paused'
            Get-EGoatTransfer control -Active | Resume-EGoatTransfer
            (Get-EGoatTransfer control -Active).State | Should -Be 'Active'
            Get-EGoatTransfer control -Active | Stop-EGoatTransfer
            ($job | Wait-Job -Timeout 120 | Receive-Job -ErrorAction SilentlyContinue).State | Should -Be 'Cancelled'
            $job | Remove-Job
            $second = Send-EGoatFile $source -Room control -MaxRate 10MB -AsJob
            Wait-Until { Get-EGoatTransfer control -Active | Where-Object { $_.BytesTransferred -gt 0 -or $_.BytesResumed -gt 0 } }
            $second | Stop-Job
            $second.State | Should -Be 'Stopped'
            ($second | Receive-Job).State | Should -Be 'Cancelled'
            $last = Send-EGoatFile $source -Room control
            $last.State | Should -Be 'Completed'
            $last.BytesResumed | Should -BeGreaterThan 0
            { Stop-EGoatTransfer $last.Id -ErrorAction Stop } | Should -Throw 'No transfer*is under way*'
            (Get-EGoatTransfer control).State | Should -Be 'Cancelled', 'Cancelled', 'Completed'
        }
        finally {
            if (-not $other.HasExited) { $other.Kill() }
            Get-EGoatRoom control | Exit-EGoatRoom
        }
    }

    It 'is an error to talk to when nobody is there' {
        $null = $server | Join-EGoatRoom empty -Background -WarningAction Ignore
        { Send-EGoatMessage 'hello?' -Room empty -ErrorAction Stop } | Should -Throw 'Nobody else is in the room*' -ErrorId 'NoReceiver,*'
        Send-EGoatMessage 'hello?' -Room empty -AllowNoReceiver | Should -BeNullOrEmpty
        Exit-EGoatRoom empty
    }

    It 'does nothing with -WhatIf' {
        Stop-EGoatSignaling -WhatIf
        (Get-EGoatSignaling).IsRunning | Should -BeTrue
    }

    It 'pages the history' {
        (Get-EGoatHistory -First 1).Count | Should -Be 1
        Get-EGoatHistory -Skip 1000 | Should -BeNullOrEmpty
    }
}
