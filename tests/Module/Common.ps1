# What the tests of the module share. Dot-source it in BeforeAll; Remove-Installation is for AfterAll.
$script:module = Join-Path $PSScriptRoot '..' '..' 'module' 'EGoat' | Resolve-Path
$script:pwsh = (Get-Process -Id $PID).Path
$script:homeBefore = $env:EGOAT_HOME
# Not TestDrive: it is emptied after each Describe, and the installation lives as long as the process.
$script:folder = [IO.Directory]::CreateTempSubdirectory('egoat-module-').FullName
$env:EGOAT_HOME = Join-Path $folder 'home'
Import-Module $module -Force

# Another console of another installation: runs a script with the module imported.
function Start-Console([string] $Name, [string] $Script) {
    $text = "`$ErrorActionPreference = 'Stop'; `$env:EGOAT_HOME = '$(Join-Path $folder $Name)'; Import-Module '$module'; $Script"
    $start = [System.Diagnostics.ProcessStartInfo]::new($pwsh)
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    foreach ($argument in '-NoProfile', '-NonInteractive', '-EncodedCommand', [Convert]::ToBase64String([Text.Encoding]::Unicode.GetBytes($text))) {
        $start.ArgumentList.Add($argument)
    }
    [System.Diagnostics.Process]::Start($start)
}

function Wait-Until([scriptblock] $Condition, [int] $Seconds = 120) {
    $end = [DateTime]::UtcNow.AddSeconds($Seconds)
    while (-not (& $Condition)) {
        if ([DateTime]::UtcNow -gt $end) { throw "It did not happen within $Seconds s: $Condition" }
        Start-Sleep -Milliseconds 50
    }
}

function Remove-Installation {
    Remove-Module EGoat -ErrorAction Ignore
    $env:EGOAT_HOME = $homeBefore
    Remove-Item -LiteralPath $folder -Recurse -Force
}
