#!/usr/bin/env pwsh
# Shows what is said in a room and answers "ping". Stop with Ctrl+C.
[CmdletBinding()]
param(
    [Parameter(Mandatory)] [uri] $Server,
    [string] $Room = 'lobby'
)
Import-Module (Join-Path $PSScriptRoot '..' 'module' 'EGoat')
$joined = Join-EGoatRoom $Room -Server $Server -Background
try {
    Receive-EGoatMessage $Room -Wait | ForEach-Object {
        $_
        if ($_.Text -eq 'ping') { $null = Send-EGoatMessage 'pong' -Room $Room -To $_.FromIdentity }
    }
}
finally {
    $joined | Exit-EGoatRoom
}
