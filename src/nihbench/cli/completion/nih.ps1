# Completion of nih for PowerShell: nih completion powershell >> $PROFILE
Register-ArgumentCompleter -Native -CommandName nih, nihbench -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
    $before = @($words | Select-Object -Skip 1)
    # "=" before the word that is begun: some versions drop an empty argument.
    & $words[0] __complete powershell @before "=$wordToComplete" 2>$null | ForEach-Object {
        $value, $told = $_ -split "`t", 2
        if ($value -eq ':files') {
            [System.Management.Automation.CompletionCompleters]::CompleteFilename($wordToComplete)
        } else {
            if (-not $told) { $told = $value }
            $text = if ($value -match '[\s''"`$&|;(){}@,#]') { "'" + $value.Replace("'", "''") + "'" } else { $value }
            [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $told)
        }
    }
}
