-- snr: the ratio of signal to noise, (a / s)^2, times the error of the data: the plain loss of the
-- noise. Salimans and Ho 2022, section 4.
return { of = "noise", weight = function() return 1 end }
