#!/usr/bin/env pwsh
# Sends today's log files to everybody in a room who accepts files, and ends with an error if one did not arrive.
param(
    [Parameter(Mandatory)] [uri] $Server,
    [string] $Room = 'logs',
    [string] $Path = '/var/log/*.log'
)
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '..' 'module' 'EGoat')
$joined = Join-EGoatRoom $Room -Server $Server -Background -WarningAction Ignore
$null = Wait-EGoatPeer -Room $Room -AcceptingFiles -Timeout 60
$transfers = Get-ChildItem -Path $Path | Where-Object LastWriteTime -gt ([DateTime]::Today) | Send-EGoatFile -Room $Room
$transfers
$joined | Exit-EGoatRoom
if ($transfers | Where-Object State -ne Completed) { throw 'Not everything arrived.' }
